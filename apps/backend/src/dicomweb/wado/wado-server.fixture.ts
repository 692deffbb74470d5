// For tests of retrieve: a server of their own, a client that sees every header, and files to store.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before } from 'node:test'
import { parseMediaType, splitMultipart } from '@instandt/dicom'
import { testDatabase, testCaller } from '@instandt/testkit'
import type { TestDatabase } from '@instandt/testkit'
import type { BlobStore } from '../../storage/blob-store.ts'
import { chunksOf, collect } from '../../storage/bytes.fixture.ts'
import { openDiskStore } from '../../storage/disk-store.ts'
import type { Stored } from './wado.fixture.ts'
import { imageLines, makeFile, originOf, startTestApp, stopTestApp, storeFile, syntaxes } from './wado.fixture.ts'

export const folder = mkdtempSync(path.join(tmpdir(), 'instandt-wado-'))
export let database: TestDatabase
export let blobs: BlobStore
export let origin: string
let app: Awaited<ReturnType<typeof startTestApp>>

before(async () => {
  database = await testDatabase()
  blobs = await openDiskStore(folder)
  app = await startTestApp({ db: database.db, blobs })
  origin = originOf(app)
})
after(async () => {
  await stopTestApp(app)
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
})

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

export async function request(address: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const call = httpRequest(address.startsWith('http') ? address : `${origin}/dicom-web${address}`, {
    method,
    headers: { ...testCaller, ...headers },
    agent: false,
  })
  call.end()
  const [message] = (await once(call, 'response')) as [IncomingMessage]
  return { status: message.statusCode ?? 0, headers: message.headers, body: await collect(message) }
}

export async function get(address: string, accept?: string): Promise<Answer> {
  const answer = await request(address, accept === undefined ? {} : { accept })
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 500))
  return answer
}

export interface Part {
  type: string
  location: string
  body: Buffer
}

export async function partsOf({ headers, body }: Answer): Promise<Part[]> {
  const { type, parameters } = parseMediaType(headers['content-type'] ?? '')
  assert.equal(type, 'multipart/related')
  const parts: Part[] = []
  for await (const part of splitMultipart(chunksOf(body, 65_536), parameters.get('boundary') ?? '')) {
    parts.push({
      type: part.headers.get('content-type') ?? '',
      location: part.headers.get('content-location') ?? '',
      body: await collect(part.body),
    })
  }
  return parts
}

export const problemOf = ({ body }: Answer): { code: string; detail: string } =>
  JSON.parse(body.toString()) as { code: string; detail: string }

export async function assertProblem(address: string, status: number, code: string, words?: RegExp): Promise<void> {
  const answer = await request(address)
  assert.equal(answer.status, status, answer.body.toString())
  assert.equal(problemOf(answer).code, code)
  if (words) assert.match(problemOf(answer).detail, words)
}

let count = 0
export const nextUid = (): string => `1.2.3.4.${(count += 1)}`

/** 16 bits, `frames` of 40 × 30 unless told. */
export function native(
  options: { syntax?: string; frames?: number; rows?: number; columns?: number; uid?: string } = {},
): {
  bytes: Buffer
  pixels: Buffer
  frameBytes: number
} {
  const { syntax = syntaxes.explicit, frames = 1, rows = 30, columns = 40, uid = nextUid() } = options
  const pixels = randomBytes(rows * columns * 2 * frames)
  const stored = syntax === syntaxes.bigEndian ? Buffer.from(pixels).swap16() : pixels
  const lines = imageLines({ uid, frames, rows, columns, bits: 16, pixels: ['7FE00010', 'OW', stored] })
  return { bytes: makeFile(syntax, lines), pixels, frameBytes: rows * columns * 2 }
}

export async function store(bytes: Buffer): Promise<Stored> {
  const stored = await storeFile(app, database.db, bytes)
  assert.ok(stored, 'the upload was refused')
  return stored
}
