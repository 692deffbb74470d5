import type { Db } from '@instandt/db'
import type { ArchiveScope, Scope } from '../plugins/access.ts'
import { type InstanceAddress, instanceFirst } from './retrieve.ts'

/** Size and kind of one frame's rendition; lengths are in the index. */
export interface RenditionLayout {
  columns: number
  rows: number
  /** Edge of a tile in pixels; those at the far edges are smaller. */
  tileSize: number
  /** How often a tile can be halved. */
  reductions: number
  /** Bits of a sample. */
  bits: number
  isSigned: boolean
  components: number
  /** Samples are red green blue, whatever the instance's Photometric Interpretation says. */
  isRgb: boolean
  /** The whole image reduced by `reduction` halvings, which can be halved `reductions` times more. */
  overview: { reduction: number; reductions: number } | null
}

export interface StoredRendition {
  blobKey: string
  byteSize: number
  layout: RenditionLayout
  /** Of the overview, then of every tile, row by row. */
  prefixes: number[][]
}

const lengthBytes = 4

/** Lengths of every resolution one after the other, 4 bytes each. */
export function writeIndex(prefixes: readonly (readonly number[])[]): Buffer {
  const lengths = prefixes.flat()
  const index = Buffer.alloc(lengths.length * lengthBytes)
  for (const [at, length] of lengths.entries()) index.writeUInt32LE(length, at * lengthBytes)
  return index
}

function readIndex(index: Buffer, { overview, reductions }: RenditionLayout): number[][] {
  const prefixes: number[][] = []
  let at = 0
  const take = (count: number): void => {
    prefixes.push(Array.from({ length: count }, () => index.readUInt32LE(lengthBytes * at++)))
  }
  if (overview) take(overview.reductions + 1)
  while (at * lengthBytes < index.length) take(reductions + 1)
  return prefixes
}

/**
 * Adds what was made of a frame; a row that is there already is replaced. False, and nothing added, when the claim is lost:
 * the bytes it was made of may have been damaged, and have been replaced meanwhile.
 */
export async function addRendition(
  db: Db,
  _scope: ArchiveScope,
  owner: string,
  instanceId: number,
  frame: number,
  made: StoredRendition,
): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'add-rendition',
    text: `insert into rendition (instance_id, frame, blob_key, layout, index, byte_size)
      select instance_id, $2, $3, $4, $5, $6 from rendition_job where instance_id = $1 and leased_by = $7 for update
      on conflict (instance_id, frame) do update set blob_key = excluded.blob_key, layout = excluded.layout,
        index = excluded.index, byte_size = excluded.byte_size, made_at = now()`,
    values: [instanceId, frame, made.blobKey, made.layout, writeIndex(made.prefixes), made.byteSize, owner],
  })
  return rowCount === 1
}

export async function countRenditions(db: Db, _scope: ArchiveScope, instanceId: number): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>({
    name: 'count-renditions',
    text: 'select count(*) from rendition where instance_id = $1',
    values: [instanceId],
  })
  return rows[0]?.count ?? 0
}

export async function hasRendition(db: Db, _scope: ArchiveScope, instanceId: number, frame: number): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'has-rendition',
    text: 'select from rendition where instance_id = $1 and frame = $2',
    values: [instanceId, frame],
  })
  return rowCount === 1
}

interface RenditionRow {
  blob_key: string
  byte_size: number
  layout: RenditionLayout
  index: Buffer
}

/** The rendition of one frame; undefined when there is none, or the instance lies outside the scope. */
export async function findRendition(
  db: Db,
  scope: Scope,
  address: InstanceAddress,
  frame: number,
): Promise<StoredRendition | undefined> {
  const { rows } = await db.pool.query<RenditionRow>({
    name: 'find-rendition',
    text: `select r.blob_key, r.byte_size, r.layout, r.index
      from ${instanceFirst} join series se on se.id = i.series_id join study st on st.id = i.study_id
      join rendition r on r.instance_id = i.id
      where se.series_instance_uid = $3 and st.study_instance_uid = $2 and r.frame = $5`,
    // No instance has more; the database's integers end soon after.
    values: [
      scope.projectIds,
      address.studyInstanceUid,
      address.seriesInstanceUid,
      address.sopInstanceUid,
      Math.min(frame, 2_147_483_647),
    ],
  })
  const row = rows[0]
  return (
    row && {
      blobKey: row.blob_key,
      byteSize: row.byte_size,
      layout: row.layout,
      prefixes: readIndex(row.index, row.layout),
    }
  )
}

/** Will the instance get renditions, as far as is known? False when it lies outside the scope. */
export async function isRenditionWaiting(db: Db, scope: Scope, address: InstanceAddress): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'is-rendition-waiting',
    text: `select from ${instanceFirst} join series se on se.id = i.series_id join study st on st.id = i.study_id
      join rendition_job j on j.instance_id = i.id
      where se.series_instance_uid = $3 and st.study_instance_uid = $2 and j.state = 'waiting'`,
    values: [scope.projectIds, address.studyInstanceUid, address.seriesInstanceUid, address.sopInstanceUid],
  })
  return rowCount === 1
}

/** Which of these objects a row refers to; the others are nobody's. */
export async function findReferencedRenditions(
  db: Db,
  _scope: ArchiveScope,
  blobKeys: readonly string[],
): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ key: string }>({
    name: 'find-referenced-renditions',
    text: `select blob_key as key from rendition where blob_key = any($1::text[])
      union all select thumbnail_key from rendition_job where thumbnail_key = any($1::text[])`,
    values: [blobKeys],
  })
  return new Set(rows.map(({ key }) => key))
}

/** An object of the rendition is gone from the store: what refers to it is forgotten and made again. */
export async function forgetRendition(db: Db, _scope: Scope, blobKey: string): Promise<void> {
  await db.pool.query(
    `with gone as (delete from rendition where blob_key = $1 returning instance_id)
    update rendition_job j set state = 'waiting', frames_done = 0, due_at = now(), finished_at = null, attempts = 0,
      thumbnail = case when thumbnail_key = $1 then 'waiting' else thumbnail end,
      thumbnail_key = nullif(thumbnail_key, $1)
    where instance_id in (select instance_id from gone) or thumbnail_key = $1`,
    [blobKey],
  )
}
