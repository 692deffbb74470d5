import type { BulkElement, FrameIndex, ReadWarning } from '@instandt/dicom'
import { FRAME_ENTRY_BYTES } from '@instandt/dicom'
import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'
import { hiddenList } from './hidden-list.ts'

/** What a retrieve address names; a level left out means all below it. */
export interface InstanceSelection {
  studyInstanceUid: string
  seriesInstanceUid?: string
  sopInstanceUid?: string
}

export interface InstanceAddress {
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
}

/** Where one stored file lies and what it is. */
export interface StoredObject extends InstanceAddress {
  transferSyntaxUid: string
  blobKey: string
  byteSize: number
  /** Hexadecimal. */
  sha256: string
  /** Stands for the bytes (ETag): also for having been damaged and right again. */
  identity: string
}

export type FrameLayout = Omit<FrameIndex, 'table'>

export interface StoredFrames extends StoredObject {
  /** Undefined when the file has no frames that could be located; then `warnings` says why. */
  layout: FrameLayout | undefined
  warnings: ReadWarning[]
  /** Entries of the asked frames one after the other; shorter when a frame lies beyond the table. */
  entries: Uint8Array
}

export interface StoredBulk extends StoredObject {
  bulk: BulkElement | undefined
  layout: FrameLayout | undefined
}

export interface StoredMetadata extends InstanceAddress {
  /** zstd of the DICOM JSON. */
  metadata: Uint8Array
}

interface ObjectRow {
  study_instance_uid: string
  series_instance_uid: string
  sop_instance_uid: string
  transfer_syntax_uid: string
  blob_key: string
  byte_size: string
  sha256: string
  mended: number
}

const inProjects = hiddenList('$1', 'bigint[]')

/** The instance of $4, found first and by its own UID: without `offset 0` the planner may walk all of its study. */
export const instanceFirst = `(select * from instance where project_id = ${inProjects} and sop_instance_uid = $4 offset 0) i`

const fromWhere = `
  from ${instanceFirst} join series se on se.id = i.series_id join study st on st.id = i.study_id
  where se.series_instance_uid = $3 and st.study_instance_uid = $2`

const objectColumns = `st.study_instance_uid, se.series_instance_uid, i.sop_instance_uid, i.transfer_syntax_uid, i.blob_key, i.byte_size,
  encode(i.sha256, 'hex') as sha256, i.mended`

const addressValues = (scope: Scope, address: InstanceAddress): unknown[] => [
  scope.projectIds,
  address.studyInstanceUid,
  address.seriesInstanceUid,
  address.sopInstanceUid,
]

const toObject = (row: ObjectRow): StoredObject => ({
  studyInstanceUid: row.study_instance_uid,
  seriesInstanceUid: row.series_instance_uid,
  sopInstanceUid: row.sop_instance_uid,
  transferSyntaxUid: row.transfer_syntax_uid,
  blobKey: row.blob_key,
  byteSize: Number(row.byte_size),
  sha256: row.sha256,
  identity: row.mended === 0 ? row.sha256 : `${row.sha256} ${row.mended}`,
})

/** The file of one instance; undefined when study, series and instance do not belong together or lie outside the scope. */
export async function findObject(db: Db, scope: Scope, address: InstanceAddress): Promise<StoredObject | undefined> {
  const { rows } = await db.pool.query<ObjectRow>({
    name: 'wado-object',
    text: `select ${objectColumns} ${fromWhere}`,
    values: addressValues(scope, address),
  })
  return rows[0] && toObject(rows[0])
}

/** `frames` count from 1. Their entries are cut out of the table inside the database: 20 bytes a frame travel. */
export async function findFrames(
  db: Db,
  scope: Scope,
  address: InstanceAddress,
  frames: readonly number[],
): Promise<StoredFrames | undefined> {
  const { rows } = await db.pool.query<
    ObjectRow & { frame_layout: FrameLayout | null; warnings: StoredFrames['warnings']; entries: Uint8Array | null }
  >({
    name: 'wado-frames',
    text: `select ${objectColumns}, i.frame_layout, i.warnings, (
        select string_agg(substring(i.frame_table from (frame - 1) * ${FRAME_ENTRY_BYTES} + 1 for ${FRAME_ENTRY_BYTES}), ''::bytea order by place)
        from unnest($5::integer[]) with ordinality as asked(frame, place)
      ) as entries ${fromWhere}`,
    // No table is longer than this; the database's integers end soon after.
    values: [...addressValues(scope, address), frames.map((frame) => Math.min(frame, 100_000_000))],
  })
  const row = rows[0]
  return (
    row && {
      ...toObject(row),
      layout: row.frame_layout ?? undefined,
      warnings: row.warnings,
      entries: row.entries ?? new Uint8Array(),
    }
  )
}

/** A value kept out of the metadata, by its path ('42000011', '54000100/0/54001010'). */
export async function findBulk(
  db: Db,
  scope: Scope,
  address: InstanceAddress,
  path: string,
): Promise<StoredBulk | undefined> {
  const { rows } = await db.pool.query<ObjectRow & { bulk: BulkElement | null; frame_layout: FrameLayout | null }>({
    name: 'wado-bulk',
    text: `select ${objectColumns}, i.frame_layout, (
        select element from jsonb_array_elements(i.bulk) as element where element ->> 'path' = $5 limit 1
      ) as bulk ${fromWhere}`,
    values: [...addressValues(scope, address), path],
  })
  const row = rows[0]
  return row && { ...toObject(row), bulk: row.bulk ?? undefined, layout: row.frame_layout ?? undefined }
}

const fromIds = `
  from unnest($2::bigint[]) with ordinality as asked(id, place)
  join instance i on i.id = asked.id join series se on se.id = i.series_id join study st on st.id = i.study_id
  where i.project_id = ${inProjects} order by asked.place`

/** An instance with all its attributes. */
export interface StoredAttributes extends StoredObject {
  id: number
  /** zstd of the DICOM JSON. */
  metadata: Uint8Array
  layout: FrameLayout | undefined
}

const attributeColumns = `${objectColumns}, i.id, i.metadata, i.frame_layout`

interface AttributesRow extends ObjectRow {
  id: number
  metadata: Uint8Array
  frame_layout: FrameLayout | null
}

const toAttributes = (row: AttributesRow): StoredAttributes => ({
  ...toObject(row),
  id: row.id,
  metadata: row.metadata,
  layout: row.frame_layout ?? undefined,
})

/** One instance with its attributes; undefined when there is none in the scope. */
export async function findAttributes(
  db: Db,
  scope: Scope,
  address: InstanceAddress,
): Promise<StoredAttributes | undefined> {
  const { rows } = await db.pool.query<AttributesRow>({
    name: 'instance-attributes',
    text: `select ${attributeColumns} ${fromWhere}`,
    values: addressValues(scope, address),
  })
  return rows[0] && toAttributes(rows[0])
}

/** The same by the row's id. */
export async function findAttributesById(db: Db, scope: Scope, id: number): Promise<StoredAttributes | undefined> {
  const { rows } = await db.pool.query<AttributesRow>({
    name: 'instance-attributes-by-id',
    text: `select ${attributeColumns} from instance i join series se on se.id = i.series_id join study st on st.id = i.study_id
      where i.project_id = ${inProjects} and i.id = $2`,
    values: [scope.projectIds, id],
  })
  return rows[0] && toAttributes(rows[0])
}

/** Attributes of the listed rows, in that order; a row deleted meanwhile is left out. */
export async function readAttributes(db: Db, scope: Scope, ids: readonly string[]): Promise<StoredAttributes[]> {
  const { rows } = await db.pool.query<AttributesRow>({
    name: 'listed-attributes',
    text: `select ${attributeColumns} ${fromIds}`,
    values: [scope.projectIds, ids],
  })
  return rows.map(toAttributes)
}
// Both only ever rise: the same ids with the same sum are the same versions.
const versions = 'sum(i.version + i.mended)::bigint as versions'

const listStatements = {
  study: {
    name: 'wado-list-study',
    text: `select string_agg(i.id::text, ',' order by se.series_number, se.id, i.instance_number, i.id) as ids, ${versions}
      from study st join instance i on i.study_id = st.id join series se on se.id = i.series_id
      where st.project_id = ${inProjects} and st.study_instance_uid = $2`,
  },
  series: {
    name: 'wado-list-series',
    text: `select string_agg(i.id::text, ',' order by i.instance_number, i.id) as ids, ${versions}
      from study st join series se on se.study_id = st.id join instance i on i.series_id = se.id
      where st.project_id = ${inProjects} and st.study_instance_uid = $2 and se.series_instance_uid = $3`,
  },
  instance: {
    name: 'wado-list-instance',
    text: `select i.id::text as ids, i.version + i.mended as versions ${fromWhere}`,
  },
}

/** Row ids of what an address names; a few bytes an instance are all that a long answer keeps while it is sent. */
export interface ListedInstances {
  ids: string[]
  /** Stands for the content (ETag): rows and their versions. */
  identity: string
}

/**
 * What an address names, in the order of series and instance numbers; empty when there is no such thing in the scope. No
 * connection waits for a slow reader: the rows are read by their ids while they are sent.
 */
export async function listInstanceIds(db: Db, scope: Scope, selection: InstanceSelection): Promise<ListedInstances> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = selection
  const level = sopInstanceUid !== undefined ? 'instance' : seriesInstanceUid !== undefined ? 'series' : 'study'
  const values = [scope.projectIds, studyInstanceUid, seriesInstanceUid, sopInstanceUid].filter(
    (value) => value !== undefined,
  )
  const { rows } = await db.pool.query<{ ids: string | null; versions: number | null }>({
    ...listStatements[level],
    values,
  })
  const ids = rows[0]?.ids?.split(',') ?? []
  return { ids, identity: `${ids.join()} ${rows[0]?.versions ?? 0}` }
}

/** Files of the listed rows, in that order; a row deleted meanwhile is left out. */
export async function readObjects(db: Db, scope: Scope, ids: readonly string[]): Promise<StoredObject[]> {
  const { rows } = await db.pool.query<ObjectRow>({
    name: 'wado-objects',
    text: `select ${objectColumns} ${fromIds}`,
    values: [scope.projectIds, ids],
  })
  return rows.map(toObject)
}

/** Metadata of the listed rows, in that order; a row deleted meanwhile is left out. */
export async function readMetadata(db: Db, scope: Scope, ids: readonly string[]): Promise<StoredMetadata[]> {
  // As a bytea they would come in hexadecimal: half as long again, and slower to make and to read.
  const { rows } = await db.pool.query<ObjectRow & { metadata: string }>({
    name: 'wado-metadata',
    text: `select st.study_instance_uid, se.series_instance_uid, i.sop_instance_uid, encode(i.metadata, 'base64') as metadata ${fromIds}`,
    values: [scope.projectIds, ids],
  })
  return rows.map((row) => ({
    studyInstanceUid: row.study_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    sopInstanceUid: row.sop_instance_uid,
    metadata: Buffer.from(row.metadata, 'base64'),
  }))
}
