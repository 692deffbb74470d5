// Every file of the shared collection through the retrieve routes, against what other programs read from it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { Dataset } from '@instandt/dicom'
import { getNumber, getString, splitMultipart, tags, transferSyntax } from '@instandt/dicom'
import { testDatabase, signedFetch } from '@instandt/testkit'
import type { TestDatabase } from '@instandt/testkit'
import { chunksOf, collect } from '../../storage/bytes.fixture.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { openDiskStore } from '../../storage/disk-store.ts'
import type { Stored } from './wado.fixture.ts'
import { originOf, startTestApp, stopTestApp, storeFile } from './wado.fixture.ts'

interface Expected {
  header?: Record<string, { vr: string; bulk?: { length: number; sha256: string } }>
  pixels?: { frames?: number; frame_sha256?: string[]; dtype?: string; lossy?: boolean; unconfirmed?: boolean }
}

const shared = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../../../shared/data')
const files = existsSync(shared) ? globSync('expected/**/*.json', { cwd: shared }).sort() : []
const skip = files.length === 0 ? 'the shared files are not here' : false

const folder = mkdtempSync(path.join(tmpdir(), 'instandt-shared-'))
let database: TestDatabase
let blobs: BlobStore
let app: Awaited<ReturnType<typeof startTestApp>>
let base: string
const stored: (Stored & { name: string; expected: Expected })[] = []

before(async () => {
  if (skip) return
  database = await testDatabase()
  blobs = await openDiskStore(folder)
  app = await startTestApp({ db: database.db, blobs })
  base = `${originOf(app)}/dicom-web`
  for (const one of files) {
    const name = one.slice('expected/'.length, -'.json'.length)
    const expected = JSON.parse(readFileSync(path.join(shared, one), 'utf8')) as Expected
    const file = await storeFile(app, database.db, readFileSync(path.join(shared, name)))
    // Refused: unreadable, without an address, or another content under the address of an earlier file.
    if (file) stored.push({ name, expected, ...file })
  }
})
after(async () => {
  if (!skip) {
    await stopTestApp(app)
    await database.stop()
  }
  rmSync(folder, { recursive: true, force: true })
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function get(address: string, accept: string): Promise<Response> {
  const answer = await signedFetch(base + address, { headers: { accept } })
  assert.equal(answer.status, 200, `${address}: ${answer.status} ${answer.ok ? '' : await answer.text()}`)
  return answer
}

test('most of the shared files are stored', { skip }, () => assert.ok(stored.length > 300, String(stored.length)))

test('every shared file comes back byte for byte', { skip }, async () => {
  for (const { path: address, bytes, name } of stored) {
    const body = Buffer.from(await (await get(address, 'application/dicom')).arrayBuffer())
    assert.ok(body.equals(bytes), name)
  }
})

/** Little endian, samples interleaved, one bit a byte, shifted and sign-extended: the form of the expected hashes. */
function canonical(frame: Buffer, dataset: Dataset, itemBytes: number): Buffer {
  const allocated = getNumber(dataset, tags.bitsAllocated) ?? itemBytes * 8
  const pixels = (getNumber(dataset, tags.rows) ?? 0) * (getNumber(dataset, tags.columns) ?? 0)
  const samples = getNumber(dataset, tags.samplesPerPixel) ?? 1
  const isPlanar = samples > 1 && getNumber(dataset, tags.planarConfiguration) === 1
  const storedBits = getNumber(dataset, tags.bitsStored) ?? allocated
  const shift = BigInt(Math.max((getNumber(dataset, tags.highBit) ?? storedBits - 1) - storedBits + 1, 0))
  const isSigned = getNumber(dataset, tags.pixelRepresentation) === 1
  const out = Buffer.alloc(pixels * samples * itemBytes)
  for (let at = 0; at < pixels * samples; at += 1) {
    const from = isPlanar ? (at % samples) * pixels + Math.floor(at / samples) : at
    let value = 0n
    if (allocated === 1) value = BigInt(((frame[from >> 3] ?? 0) >> (from & 7)) & 1)
    else
      for (let byte = allocated / 8 - 1; byte >= 0; byte -= 1)
        value = (value << 8n) | BigInt(frame[from * (allocated / 8) + byte] ?? 0)
    value >>= shift
    value = isSigned ? BigInt.asIntN(storedBits, value) : BigInt.asUintN(storedBits, value)
    value = BigInt.asUintN(itemBytes * 8, value)
    for (let byte = 0; byte < itemBytes; byte += 1)
      out[at * itemBytes + byte] = Number((value >> BigInt(byte * 8)) & 255n)
  }
  return out
}

test('native frames have the pixel values that other programs decode', { skip }, async () => {
  let compared = 0
  for (const { path: address, read, expected, name } of stored) {
    const { pixels } = expected
    const isFloat = pixels?.dtype?.startsWith('float') ?? false
    if (!read.frames || read.frames.encapsulated || !pixels?.frame_sha256 || pixels.unconfirmed) continue
    if (/_42[02]$/.test(getString(read.dataset, tags.photometricInterpretation) ?? '')) continue
    const itemBytes = Number(/\d+$/.exec(pixels.dtype ?? '')?.[0]) / 8
    for (const [at, wanted] of pixels.frame_sha256.entries()) {
      if (at >= read.frames.frameCount) break
      const frame = Buffer.from(
        await (await get(`${address}/frames/${at + 1}`, 'application/octet-stream')).arrayBuffer(),
      )
      const found = isFloat ? frame : canonical(frame, read.dataset, itemBytes)
      assert.equal(sha256(found), wanted, `${name} frame ${at + 1}`)
      compared += 1
    }
  }
  assert.ok(compared > 150, `${compared} frames`)
})

test('compressed frames are the fragments that lie in the file, all of them, in order', { skip }, async () => {
  let compared = 0
  for (const { path: address, read, bytes, name } of stored) {
    const { frames } = read
    if (!frames?.encapsulated) continue
    const list = Array.from({ length: frames.frameCount }, (_, at) => at + 1).join(',')
    const accept = `multipart/related; type="application/octet-stream"; transfer-syntax=${read.transferSyntaxUid}`
    const answer = await get(`${address}/frames/${list}`, accept)
    const boundary = /boundary=(\S+)/.exec(answer.headers.get('content-type') ?? '')?.[1] ?? ''
    const parts: Buffer[] = []
    for await (const part of splitMultipart(chunksOf(Buffer.from(await answer.arrayBuffer()), 1 << 20), boundary))
      parts.push(await collect(part.body))
    assert.equal(parts.length, frames.frameCount, name)
    // Independent of the index: items walked from the pixel data element on, the offset table left out.
    const head = bytes.lastIndexOf(Buffer.from('e07f1000', 'hex'))
    let at = bytes.indexOf(Buffer.from('feff00e0', 'hex'), head)
    const fragments: Buffer[] = []
    while (at + 8 <= bytes.length && bytes.readUInt32LE(at) === 0xe000fffe) {
      const length = bytes.readUInt32LE(at + 4)
      fragments.push(bytes.subarray(at + 8, at + 8 + length))
      at += 8 + length
    }
    assert.equal(sha256(Buffer.concat(parts)), sha256(Buffer.concat(fragments.slice(1))), name)
    assert.match(
      (await get(`${address}/frames/1`, '*/*')).headers.get('content-type') ?? '',
      new RegExp(`type="${transferSyntax(read.transferSyntaxUid)?.mediaType}"`),
    )
    compared += parts.length
  }
  assert.ok(compared > 100, `${compared} frames`)
})

test('metadata is the data set, and its bulk data the bytes that other programs find', { skip }, async () => {
  let compared = 0
  for (const { path: address, read, expected, name } of stored) {
    const [dataset] = (await (await get(`${address}/metadata`, 'application/dicom+json')).json()) as Dataset[]
    assert.deepEqual(Object.keys(dataset ?? {}).sort(), Object.keys(read.dataset).sort(), name)
    for (const [tag, { bulk }] of Object.entries(expected.header ?? {})) {
      const uri = dataset?.[tag]?.BulkDataURI
      if (!bulk || uri === undefined || tag === tags.pixelData || transferSyntax(read.transferSyntaxUid)?.bigEndian)
        continue
      const body = Buffer.from(await (await get(uri.slice(base.length), 'application/octet-stream')).arrayBuffer())
      assert.equal(body.length, bulk.length, `${name} ${tag}`)
      assert.equal(sha256(body), bulk.sha256, `${name} ${tag}`)
      compared += 1
    }
  }
  assert.ok(compared > 5, `${compared} values`)
})
