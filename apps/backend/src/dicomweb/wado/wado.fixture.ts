// For tests: files made byte by byte, rows and blobs put in place without the upload, and a server with these routes.
import { createHash } from 'node:crypto'
import { deflateRawSync, zstdCompressSync } from 'node:zlib'
import type { Db } from '@instandt/db'
import type { ReadResult } from '@instandt/dicom'
import { getNumber, getString, readHeader, stringifyDataset, tags } from '@instandt/dicom'
import { newObjectKey } from '../../storage/blob-keys.ts'
import type { BlobStore } from '../../storage/blob-store.ts'

export const syntaxes = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  deflated: '1.2.840.10008.1.2.1.99',
  bigEndian: '1.2.840.10008.1.2.2',
  jpegLs: '1.2.840.10008.1.2.4.80',
} as const

type Value = string | number | Uint8Array | Uint8Array[]
export type Line = [tag: string, vr: string, value: Value]

const long = new Set(['OB', 'OW', 'OF', 'OD', 'UN', 'SQ', 'UT'])

function element([tag, vr, value]: Line, isBig = false): Buffer {
  const u16 = (number: number): Buffer => {
    const bytes = Buffer.alloc(2)
    if (isBig) bytes.writeUInt16BE(number)
    else bytes.writeUInt16LE(number)
    return bytes
  }
  const u32 = (number: number): Buffer => {
    const bytes = Buffer.alloc(4)
    if (isBig) bytes.writeUInt32BE(number)
    else bytes.writeUInt32LE(number)
    return bytes
  }
  const tagBytes = (text: string): Buffer =>
    Buffer.concat([u16(Number.parseInt(text.slice(0, 4), 16)), u16(Number.parseInt(text.slice(4), 16))])
  const head = Buffer.concat([tagBytes(tag), Buffer.from(vr)])
  if (Array.isArray(value)) {
    const items = value.flatMap((fragment) => [tagBytes('FFFEE000'), u32(fragment.length), fragment])
    return Buffer.concat([head, u16(0), u32(0xffffffff), ...items, tagBytes('FFFEE0DD'), u32(0)])
  }
  let bytes = typeof value === 'number' ? (vr === 'UL' ? u32(value) : u16(value)) : Buffer.from(value as string)
  if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from(vr === 'UI' ? '\0' : ' ')])
  return Buffer.concat([head, ...(long.has(vr) ? [u16(0), u32(bytes.length)] : [u16(bytes.length)]), bytes])
}

/** A Part 10 file; `lines` in ascending order. */
export function makeFile(transferSyntaxUid: string, lines: Line[]): Buffer {
  const meta = element(['00020010', 'UI', transferSyntaxUid])
  const body = Buffer.concat(lines.map((line) => element(line, transferSyntaxUid === syntaxes.bigEndian)))
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(['00020000', 'UL', meta.length]),
    meta,
    transferSyntaxUid === syntaxes.deflated ? deflateRawSync(body) : body,
  ])
}

export interface ImageShape {
  uid: string
  frames?: number
  rows: number
  columns: number
  bits: number
  /** Before the pixel data. */
  extra?: Line[]
  pixels?: Line
}

/** An image of study 1.2.3, series 1.2.3.4 unless `extra` names others. */
export function imageLines({ uid, frames, rows, columns, bits, extra = [], pixels }: ImageShape): Line[] {
  const lines: Line[] = [
    ['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.7'],
    ['00080018', 'UI', uid],
    ['0020000D', 'UI', '1.2.3'],
    ['0020000E', 'UI', '1.2.3.4'],
    ['00280002', 'US', 1],
    ['00280004', 'CS', 'MONOCHROME2'],
    ['00280010', 'US', rows],
    ['00280011', 'US', columns],
    ['00280100', 'US', bits],
    ['00280101', 'US', bits],
    ['00280102', 'US', bits - 1],
    ['00280103', 'US', 0],
    ...extra,
  ]
  if (frames !== undefined) lines.push(['00280008', 'IS', String(frames)])
  if (pixels) lines.push(pixels)
  return [...new Map(lines.map((line) => [line[0], line])).values()].sort(([a], [b]) => (a < b ? -1 : 1))
}

export interface Stored {
  read: ReadResult
  path: string
  blobKey: string
  bytes: Buffer
}

/** Puts one file's blob and rows in place. */
export async function storeFile(db: Db, blobs: BlobStore, bytes: Buffer, projectId = '1'): Promise<Stored> {
  const read = await readHeader([bytes])
  const { dataset, frames } = read
  const blobKey = newObjectKey()
  await blobs.write(
    blobKey,
    (async function* () {
      yield bytes
    })(),
  )
  const study = getString(dataset, tags.studyInstanceUid) ?? ''
  const series = getString(dataset, tags.seriesInstanceUid) ?? ''
  const instance = getString(dataset, tags.sopInstanceUid) ?? ''
  if ([study, series, instance].some((uid) => !/^[\d.]+$/.test(uid)))
    throw Object.assign(new Error('no address'), { code: '23514' })
  const { table, ...layout } = frames ?? {}
  const one = async (text: string, values: unknown[]): Promise<unknown> =>
    (await db.pool.query<{ id: unknown }>(text, values)).rows[0]?.id
  const componentId = await one(
    `insert into component (project_id, identity_key) values ($1, $2)
      on conflict (project_id, identity_key) do update set identity_key = excluded.identity_key returning id`,
    [projectId, study],
  )
  const studyId = await one(
    `insert into study (project_id, component_id, study_instance_uid, attributes, is_diconde) values ($1, $2, $3, '{}', false)
      on conflict (study_instance_uid) do update set attributes = '{}' returning id`,
    [projectId, componentId, study],
  )
  const seriesId = await one(
    `insert into series (study_id, project_id, series_instance_uid, attributes) values ($1, $2, $3, '{}')
      on conflict (study_id, series_instance_uid) do update set attributes = '{}' returning id`,
    [studyId, projectId, series],
  )
  await db.pool.query(
    `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number,
        byte_size, sha256, blob_key, frame_layout, frame_table, bulk, attributes, metadata, warnings)
      values ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, $10, $11, $12, '{}', $13, $14)`,
    [
      ...[
        seriesId,
        studyId,
        projectId,
        instance,
        read.transferSyntaxUid,
        Math.min(getNumber(dataset, tags.instanceNumber) ?? 0, 2 ** 31 - 1),
        bytes.length,
      ],
      ...[createHash('sha256').update(bytes).digest(), blobKey, frames ? JSON.stringify(layout) : null, table ?? null],
      ...[JSON.stringify(read.bulk), zstdCompressSync(stringifyDataset(dataset)), JSON.stringify(read.warnings)],
    ],
  )
  return { read, path: `/studies/${study}/series/${series}/instances/${instance}`, blobKey, bytes }
}
