// For tests: what every store must do, run against each of them.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AppError } from '../app-error.ts'
import { newObjectKey, objectPrefix, quarantineKey, quarantinePrefix } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { chunksOf, collect, listKeys, longBody } from './bytes.fixture.ts'
import { testParts } from './conformance-parts.fixture.ts'

const isFault = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

/** `name` starts each test's name. `useOther` gives the same store as another process sees it. */
/** What is in use, and not what waits for the collector. */
function memoryAlive(): NodeJS.MemoryUsage {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage()
}

async function* asBody(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

export function testStore(name: string, use: () => BlobStore, useOther: () => BlobStore = use): void {
  testParts(name, use, useOther)

  test(`${name}: gives back what was written, whole`, async () => {
    for (const size of [0, 1, 70_000, 5 * 1024 * 1024 + 3]) {
      const key = newObjectKey()
      const bytes = randomBytes(size)
      assert.deepEqual(await use().write(key, chunksOf(bytes, 50_000)), { byteLength: size })
      assert.ok((await collect(await use().read(key))).equals(bytes), `${size} bytes`)
    }
  })

  test(`${name}: loses nothing whatever the moment at which chunks come`, async () => {
    for (let round = 0; round < 40; round += 1) {
      const bytes = randomBytes(3_000 + round)
      async function* body(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += 100) {
          yield bytes.subarray(at, at + 100)
          // From none to many turns of the loop between chunks: some come just when a write ends.
          if (at % 300 === 0) await delay(at % 900 === 0 ? 1 : 0)
          for (let turn = 0; turn < (at / 100 + round) % 12; turn += 1) await Promise.resolve()
        }
      }
      const key = newObjectKey()
      assert.deepEqual(await use().write(key, body()), { byteLength: bytes.length })
      assert.ok((await collect(await use().read(key))).equals(bytes))
    }
  })

  test(`${name}: gives the memory of chunks back where it may, and only there`, async () => {
    for (const mayLetGo of [true, false]) {
      const bytes = randomBytes(9_000_000)
      const whole = Array.from(
        { length: 18 },
        (_, at) => new Uint8Array(bytes.subarray(at * 500_000, (at + 1) * 500_000)),
      )
      // Two chunks of one memory: neither is all of it.
      const shared = new Uint8Array(2_000)
      const key = newObjectKey()
      const body = [...whole, shared.subarray(0, 1_000), shared.subarray(1_000)]
      await use().write(key, asBody(body), { mayLetGo })
      assert.deepEqual(await collect(await use().read(key)), Buffer.concat([bytes, new Uint8Array(2_000)]))
      assert.equal(shared.length, 2_000)
      const gone = whole.filter((chunk) => chunk.length === 0).length
      // The last of a block that is too short for one more may stay.
      assert.ok(mayLetGo ? gone >= 10 : gone === 0, `${gone} of ${whole.length}`)
    }
  })

  test(`${name}: reads ranges, past the end only what is there`, async () => {
    const key = newObjectKey()
    const bytes = randomBytes(2 * 1024 * 1024)
    await use().write(key, chunksOf(bytes, 65_536), { byteLength: bytes.length })
    const ranges = [
      [0, 1],
      [0, bytes.length],
      [1_000_000, 600_000],
      [bytes.length - 3, 100],
      [bytes.length, 10],
      [5, 0],
    ] as const
    for (const [offset, length] of ranges) {
      const read = await collect(await use().read(key, { offset, length }))
      assert.ok(read.equals(bytes.subarray(offset, offset + length)), `${offset}+${length}`)
    }
  })

  test(`${name}: an unknown key rejects before the first byte`, async () => {
    await assert.rejects(use().read(newObjectKey()), isFault('blob-missing'))
    await assert.rejects(use().read(newObjectKey(), { offset: 0, length: 10 }), isFault('blob-missing'))
  })

  test(`${name}: nothing is visible before the body has ended`, async () => {
    const key = newObjectKey()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    async function* body(): AsyncGenerator<Uint8Array> {
      yield randomBytes(9 * 1024 * 1024)
      await released
      yield randomBytes(10)
    }
    const writing = use().write(key, body())
    await delay(200)
    await assert.rejects(use().read(key), isFault('blob-missing'))
    assert.ok(!(await listKeys(use(), objectPrefix)).includes(key))
    release()
    await writing
    assert.ok((await listKeys(use(), objectPrefix)).includes(key))
  })

  test(`${name}: a body that fails leaves nothing and its own error is thrown`, async () => {
    for (const size of [1000, 9 * 1024 * 1024]) {
      const key = newObjectKey()
      const fault = new Error('the sender went away')
      async function* body(): AsyncGenerator<Uint8Array> {
        yield randomBytes(size)
        throw fault
      }
      await assert.rejects(use().write(key, body()), fault)
      await assert.rejects(use().read(key), isFault('blob-missing'))
    }
  })

  test(`${name}: an abort ends a write whose sender is silent`, async () => {
    const key = newObjectKey()
    const abort = new AbortController()
    async function* body(): AsyncGenerator<Uint8Array> {
      yield randomBytes(1000)
      await new Promise(() => undefined)
    }
    const reason = new Error('enough')
    const writing = use().write(key, body(), { signal: abort.signal })
    setTimeout(() => abort.abort(reason), 50)
    await assert.rejects(writing, reason)
    await assert.rejects(use().read(key), isFault('blob-missing'))
  })

  test(`${name}: a body shorter or longer than announced is refused`, async () => {
    for (const byteLength of [999, 1001]) {
      const key = newObjectKey()
      const writing = use().write(key, chunksOf(randomBytes(1000), 100), { byteLength })
      await assert.rejects(writing, isFault('body-length-mismatch'))
      await assert.rejects(use().read(key), isFault('blob-missing'))
    }
  })

  test(`${name}: never writes over an object`, async () => {
    const key = newObjectKey()
    await use().write(key, chunksOf(Buffer.from('first'), 5))
    await assert.rejects(use().write(key, chunksOf(Buffer.from('second'), 5)), isFault('blob-exists'))
    await assert.rejects(use().write(key, chunksOf(randomBytes(9 * 1024 * 1024), 1_000_000)), isFault('blob-exists'))
    assert.equal((await collect(await use().read(key))).toString(), 'first')
  })

  test(`${name}: deletes an object, and an unknown one without an error`, async () => {
    const key = newObjectKey()
    await use().write(key, chunksOf(Buffer.from('x'), 1))
    await use().delete(key)
    await use().delete(key)
    await assert.rejects(use().read(key), isFault('blob-missing'))
  })

  test(`${name}: lists keys under a prefix in ascending order with size and time`, async () => {
    const before = Date.now() - 60_000
    const keys: string[] = []
    for (let count = 0; count < 12; count += 1) {
      const key = newObjectKey()
      await use().write(key, chunksOf(randomBytes(count + 1), 100))
      keys.push(key)
    }
    const found = new Map<string, number>()
    const order: string[] = []
    for await (const { key, byteLength, modifiedAt } of use().list(objectPrefix)) {
      assert.ok(modifiedAt.getTime() > before && modifiedAt.getTime() <= Date.now() + 60_000)
      found.set(key, byteLength)
      order.push(key)
    }
    assert.deepEqual(order, [...order].sort())
    assert.deepEqual(
      keys.map((key) => found.get(key)),
      keys.map((_, at) => at + 1),
    )
    const folder = keys[0]?.slice(0, keys[0].lastIndexOf('/') + 3) ?? ''
    const below = await listKeys(use(), folder)
    assert.ok(below.length > 0 && below.every((key) => key.startsWith(folder)))
    assert.deepEqual(await listKeys(use(), 'nothing-here/'), [])
  })

  test(`${name}: moves an object into quarantine and back`, async () => {
    const key = newObjectKey()
    const bytes = randomBytes(300_000)
    await use().write(key, chunksOf(bytes, 100_000))
    const aside = quarantineKey(key, new Date('2026-01-31T12:00:00Z'))
    await use().move(key, aside)
    await assert.rejects(use().read(key), isFault('blob-missing'))
    assert.ok((await listKeys(use(), quarantinePrefix)).includes(aside))
    await use().move(aside, key)
    assert.ok((await collect(await use().read(key))).equals(bytes))
    await assert.rejects(use().move(newObjectKey(), aside), isFault('blob-missing'))
  })

  test(`${name}: a move that was cut off, or put back by a backup, is ended; other bytes are never touched`, async () => {
    const [from, to] = [newObjectKey(), newObjectKey()]
    const bytes = randomBytes(300_000)
    for (const key of [from, to]) await use().write(key, chunksOf(bytes, 100_000))
    await use().move(from, to)
    await assert.rejects(use().read(from), isFault('blob-missing'))
    assert.ok((await collect(await use().read(to))).equals(bytes))

    await use().write(from, chunksOf(bytes.subarray(1), 100_000))
    await assert.rejects(use().move(from, to), isFault('blob-exists'))
    assert.ok((await collect(await use().read(from))).equals(bytes.subarray(1)))
    assert.ok((await collect(await use().read(to))).equals(bytes))
    await assert.rejects(use().move(newObjectKey(), to), isFault('blob-missing'))
  })

  test(`${name}: refuses keys that no upload could have`, async () => {
    for (const key of [
      '',
      'objects',
      '../outside',
      'objects/../../outside',
      '/objects/a',
      'objects//a',
      'objects/a\0b',
      'objects/A',
      'objects\\a',
    ]) {
      await assert.rejects(use().read(key), isFault('blob-key-invalid'), key)
      await assert.rejects(use().write(key, chunksOf(Buffer.from('x'), 1)), isFault('blob-key-invalid'), key)
      await assert.rejects(use().move(newObjectKey(), key), isFault('blob-key-invalid'), key)
      await assert.rejects(use().delete(key), isFault('blob-key-invalid'), key)
    }
  })

  test(`${name}: answers a check`, async () => {
    await use().check()
  })

  test(`${name}: single bytes do not pile up to hundreds of times what they are`, { timeout: 60_000 }, async () => {
    const count = 300_000
    const { heapUsed, arrayBuffers } = memoryAlive()
    const before = heapUsed + arrayBuffers
    let most = 0
    async function* singles(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < count; at += 1) {
        yield new Uint8Array([at])
        if (at % 20_000 > 0) continue
        const { heapUsed, arrayBuffers } = memoryAlive()
        most = Math.max(most, heapUsed + arrayBuffers - before)
      }
    }
    const key = newObjectKey()
    assert.deepEqual(await use().write(key, singles(), { mayLetGo: true }), { byteLength: count })
    assert.deepEqual(
      await collect(await use().read(key)),
      Buffer.from(Uint8Array.from({ length: count }, (_, at) => at)),
    )
    assert.ok(most < 32 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MiB`)
  })

  test(`${name}: keeps memory bounded while 256 MiB pass, both ways`, { timeout: 120_000 }, async () => {
    const key = newObjectKey()
    const { body, hash } = longBody(256 * 1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    let peak = 0
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 10)
    try {
      await use().write(key, body)
      const read = createHash('sha256')
      for await (const chunk of await use().read(key)) read.update(chunk)
      assert.equal(read.digest('hex'), hash())
    } finally {
      clearInterval(watch)
    }
    assert.ok(peak - before < 96 * 1024 * 1024, `${Math.round((peak - before) / 1024 / 1024)} MiB of buffers`)
    await use().delete(key)
  })
}
