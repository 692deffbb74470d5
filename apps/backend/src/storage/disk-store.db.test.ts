import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../app-error.ts'
import { newObjectKey, temporaryPrefix } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { chunksOf, collect, listKeys } from './bytes.fixture.ts'
import { testStore } from './conformance.fixture.ts'
import { openDiskStore } from './disk-store.ts'

const root = mkdtempSync(path.join(tmpdir(), 'instandt-disk-'))
let store: BlobStore
let other: BlobStore
before(async () => {
  store = await openDiskStore(path.join(root, 'not', 'there', 'yet'))
  other = await openDiskStore(path.join(root, 'not', 'there', 'yet'))
})
after(() => rmSync(root, { recursive: true, force: true }))

testStore(
  'disk',
  () => store,
  () => other,
)

const isUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'storage-unavailable' && error.status === 503

function openFilesBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      // Closed since it was listed.
      return []
    }
  })
}

const needsProc = process.platform === 'linux' ? false : 'needs /proc to count open files'

test('a reader that stops, or never starts after closing, leaves no open file', { skip: needsProc }, async () => {
  const key = newObjectKey()
  await store.write(key, chunksOf(randomBytes(3 * 1024 * 1024), 65_536))
  for await (const chunk of await store.read(key)) {
    assert.ok(chunk.length > 0)
    break
  }
  const unread = (await store.read(key))[Symbol.asyncIterator]()
  await unread.return?.()
  await collect(await store.read(key))
  await collect(await store.read(key, { offset: 10, length: 20 }))
  assert.deepEqual(openFilesBelow(root), [])
})

test('a failed or aborted write leaves no open file and no temporary one', { skip: needsProc }, async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield randomBytes(100)
    throw new Error('gone')
  }
  await assert.rejects(store.write(newObjectKey(), failing()))
  assert.deepEqual(openFilesBelow(root), [])
  assert.deepEqual(await listKeys(store, temporaryPrefix), [])
})

test('temporary files of a killed process are listed for the sweep and can be deleted', async () => {
  const folder = mkdtempSync(path.join(root, 'killed-'))
  const opened = await openDiskStore(folder)
  const hanging = new AbortController()
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield randomBytes(100)
    await new Promise(() => undefined)
  }
  const writing = opened.write(newObjectKey(), silent(), { signal: hanging.signal })
  writing.catch(() => undefined)
  await delay(100)
  const [left, ...more] = await listKeys(opened, temporaryPrefix)
  assert.ok(left !== undefined && more.length === 0)
  await opened.delete(left)
  assert.deepEqual(await listKeys(opened, temporaryPrefix), [])
  hanging.abort()
})

test('who writes is told when only the flush is left, and not when the body fails', async () => {
  const told: string[] = []
  const key = newObjectKey()
  const onWritten = (): void => void told.push('written')
  await store.write(key, chunksOf(Buffer.from('x'), 1), { onWritten })
  assert.deepEqual(told, ['written'])
  const failing = store.write(newObjectKey(), chunksOf(Buffer.from('x'), 1), { byteLength: 2, onWritten })
  await assert.rejects(failing, /announced/)
  assert.deepEqual(told, ['written'])
})

test('writes that come together are all durable and all there', async () => {
  const bodies = Array.from({ length: 60 }, () => randomBytes(20_000))
  const keys = await Promise.all(
    bodies.map(async (bytes) => {
      const key = newObjectKey()
      await store.write(key, chunksOf(bytes, 7_000))
      return key
    }),
  )
  for (const [at, key] of keys.entries())
    assert.ok((await collect(await store.read(key))).equals(bodies[at] ?? Buffer.alloc(0)))
})

test('a full disk is 503, nothing is visible, and the next write works when there is room again', async (t) => {
  const folder = mkdtempSync(path.join(root, 'full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    t.skip('a small file system can be mounted by root only')
    return
  }
  try {
    const small = await openDiskStore(folder)
    const key = newObjectKey()
    await assert.rejects(small.write(key, chunksOf(randomBytes(6 * 1024 * 1024), 65_536)), isUnavailable)
    assert.deepEqual(await listKeys(small, ''), [])
    await small.write(key, chunksOf(randomBytes(2 * 1024 * 1024), 65_536))
    assert.deepEqual(await listKeys(small, ''), [key])
    await small.delete(key)
    const parted = newObjectKey()
    const part = (number: number): Promise<void> =>
      small.stagePart(
        parted,
        { number, partSize: 1_500_000, byteLength: 1_500_000 },
        chunksOf(randomBytes(1_500_000), 65_536),
      )
    await part(0)
    await part(1)
    await assert.rejects(part(2), isUnavailable)
    await assert.rejects(small.commitParts(parted, { count: 3, partSize: 1_500_000, byteLength: 4_500_000 }), {
      code: 'parts-missing',
    })
    await small.dropParts(parted)
    assert.deepEqual(await listKeys(small, ''), [])
    await small.write(key, chunksOf(randomBytes(2 * 1024 * 1024), 65_536))
  } finally {
    execFileSync('umount', [folder])
  }
})

test('a folder that cannot be used is 503 for the check, for reading and for writing', async () => {
  const folder = mkdtempSync(path.join(root, 'broken-'))
  const broken = await openDiskStore(folder)
  const key = newObjectKey()
  await broken.write(key, chunksOf(Buffer.from('x'), 1))
  // A file where the folder was: fails for root, too, whom permissions do not stop.
  rmSync(path.join(folder, 'incoming'), { recursive: true })
  await assert.rejects(broken.check(), isUnavailable)
  await assert.rejects(broken.write(newObjectKey(), chunksOf(Buffer.from('x'), 1)), isUnavailable)
  rmSync(path.join(folder, 'objects'), { recursive: true })
  await writeFile(path.join(folder, 'objects'), '')
  await assert.rejects(broken.read(key), isUnavailable)
})

test(
  'a folder without permission is 503',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async () => {
    const folder = path.join(root, 'locked')
    await mkdir(folder)
    await chmod(folder, 0o500)
    await assert.rejects(openDiskStore(folder), isUnavailable)
  },
)
