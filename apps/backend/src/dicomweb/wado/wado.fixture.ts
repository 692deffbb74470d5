// For tests: files made byte by byte, put in by the server's own upload.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateRawSync } from 'node:zlib'
import type { Db } from '@instandt/db'
import type { ReadResult } from '@instandt/dicom'
import { getString, readHeader, tags } from '@instandt/dicom'
import { createLogger } from '@instandt/runtime'
import { buildApp } from '../../app.ts'
import { createReadNotes } from '../../audit/note-read.ts'
import { configSchema } from '../../config.ts'
import type { App } from '../../deps.ts'
import { createIdentity } from '../../identity/index.ts'
import { createKeySource } from '../../secrets/keys.ts'
import { openPixels } from '../../pixels/pixel-pool.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { testCaller, testKeys } from '@instandt/testkit'

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
  /** Below /dicom-web. */
  path: string
  blobKey: string
  bytes: Buffer
}

/** The whole server, with its upload. */
export async function startTestApp({
  keys = testKeys,
  ...options
}: {
  db: Db
  blobs: BlobStore
  publicUrl?: string
  /** Secret keys, newest first. */
  keys?: string
}): Promise<App> {
  const log = createLogger({ name: 'test', level: 'fatal' })
  const config = configSchema.parse({
    DATABASE_URL: 'postgres://given',
    STORAGE_DIR: 'given',
    SECRET_KEYS: keys,
    PUBLIC_URL: options.publicUrl,
    STORE_MAX_INSTANCE_BYTES: 2 ** 40,
  })
  const identity = createIdentity(
    config,
    createKeySource(() => Promise.resolve(keys), Infinity),
  )
  const pixels = openPixels(config)
  const app = await buildApp({ ...options, config, log, identity, noteRead: createReadNotes(options.db), pixels })
  app.addHook('onClose', async () => pixels.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

/** Stops without waiting for clients that keep their connections. */
export async function stopTestApp(app: App): Promise<void> {
  const stopped = app.close()
  app.server.closeAllConnections()
  await stopped
}

export const originOf = (app: App): string => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

/** Uploads a file; undefined when the server refuses it. */
export async function storeFile(app: App, db: Db, bytes: Buffer): Promise<Stored | undefined> {
  const headers = { ...testCaller, 'content-type': 'application/dicom', 'content-length': bytes.length }
  const call = request(`${originOf(app)}/dicom-web/studies`, { method: 'POST', headers, agent: false })
  call.end(bytes)
  const [answer] = (await once(call, 'response')) as [IncomingMessage]
  for await (const chunk of answer) void chunk
  if (answer.statusCode !== 200) return undefined
  const read = await readHeader([bytes])
  const uidOf = (tag: string): string => getString(read.dataset, tag) ?? ''
  const instance = uidOf(tags.sopInstanceUid)
  const { rows } = await db.pool.query<{ blob_key: string }>(
    'select blob_key from instance where sop_instance_uid = $1',
    [instance],
  )
  const series = `/studies/${uidOf(tags.studyInstanceUid)}/series/${uidOf(tags.seriesInstanceUid)}`
  return { read, path: `${series}/instances/${instance}`, blobKey: rows[0]?.blob_key ?? '', bytes }
}
