// For tests: what every store must do with objects that come in parts.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { AppError } from '../app-error.ts'
import { newObjectKey, objectPrefix } from './blob-keys.ts'
import type { BlobStore, PartPlace } from './blob-store.ts'
import { chunksOf, collect, listKeys, longBody } from './bytes.fixture.ts'

const partSize = 300_000
const isFault = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

interface Plan {
  key: string
  bytes: Buffer
  plan: { count: number; partSize: number; byteLength: number }
  place(number: number): PartPlace
  body(number: number): AsyncIterable<Uint8Array>
}

/** An object of `count` parts, the last one shorter. */
function plan(count: number): Plan {
  const bytes = randomBytes((count - 1) * partSize + 12_345)
  const slice = (number: number): Buffer => bytes.subarray(number * partSize, (number + 1) * partSize)
  return {
    key: newObjectKey(),
    bytes,
    plan: { count, partSize, byteLength: bytes.length },
    place: (number) => ({ number, partSize, byteLength: slice(number).length }),
    body: (number) => chunksOf(slice(number), 50_000),
  }
}

export function testParts(name: string, use: () => BlobStore, useOther: () => BlobStore): void {
  const stage = (one: Plan, number: number, store = use()): Promise<void> =>
    store.stagePart(one.key, one.place(number), one.body(number))
  const isWhole = async (one: Plan): Promise<boolean> => (await collect(await use().read(one.key))).equals(one.bytes)

  test(`${name}: parts in any order, of two processes at once, become one object`, async () => {
    const one = plan(7)
    await Promise.all([5, 0, 3].map((number) => stage(one, number)))
    await Promise.all([6, 1].map((number) => stage(one, number, useOther())))
    await Promise.all([stage(one, 2), stage(one, 4, useOther())])
    await assert.rejects(use().read(one.key), isFault('blob-missing'))
    assert.ok(!(await listKeys(use(), objectPrefix)).includes(one.key), 'nothing is visible before the commit')
    await useOther().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
    assert.ok((await listKeys(use(), objectPrefix)).includes(one.key))
  })

  test(`${name}: one part alone is an object, too`, async () => {
    const one = plan(1)
    await stage(one, 0)
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: a part may be sent again, and by two processes at once`, async () => {
    const one = plan(3)
    for (const number of [0, 1, 1, 2, 0]) await stage(one, number)
    await Promise.all([stage(one, 1), stage(one, 1, useOther())])
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: committing again does nothing, whoever does it`, async () => {
    const one = plan(2)
    await Promise.all([0, 1].map((number) => stage(one, number)))
    await Promise.all([use().commitParts(one.key, one.plan), useOther().commitParts(one.key, one.plan)])
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: a part that comes after the commit changes no byte`, async () => {
    const one = plan(2)
    await Promise.all([0, 1].map((number) => stage(one, number)))
    await use().commitParts(one.key, one.plan)
    const late = use().stagePart(one.key, one.place(0), chunksOf(randomBytes(partSize), 50_000))
    await late.catch((error: unknown) => assert.ok(isFault('parts-committed')(error)))
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: a part whose body fails was not sent: its own fault is thrown, and sending it again mends it`, async () => {
    const one = plan(2)
    await stage(one, 0)
    const fault = new Error('the sender went away')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield randomBytes(10_000)
      throw fault
    }
    await assert.rejects(use().stagePart(one.key, one.place(1), failing()), fault)
    await assert.rejects(use().commitParts(one.key, one.plan), isFault('parts-missing'))
    await assert.rejects(use().read(one.key), isFault('blob-missing'))
    await stage(one, 1)
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: a part shorter or longer than announced is refused and harms no other`, async () => {
    const one = plan(3)
    for (const number of [0, 2]) await stage(one, number)
    for (const byteLength of [partSize - 1, partSize + 1, 2 * partSize + 5]) {
      const body = chunksOf(randomBytes(byteLength), 50_000)
      await assert.rejects(use().stagePart(one.key, one.place(1), body), isFault('body-length-mismatch'))
    }
    await stage(one, 1)
    await use().commitParts(one.key, one.plan)
    assert.ok(await isWhole(one))
  })

  test(`${name}: an abort ends a part whose sender is silent`, async () => {
    const one = plan(1)
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield randomBytes(1000)
      await new Promise(() => undefined)
    }
    const abort = new AbortController()
    const reason = new Error('enough')
    const staging = use().stagePart(one.key, one.place(0), silent(), { signal: abort.signal })
    setTimeout(() => abort.abort(reason), 50)
    await assert.rejects(staging, reason)
    await assert.rejects(use().commitParts(one.key, one.plan), isFault('parts-missing'))
  })

  test(`${name}: dropped parts are forgotten, a committed object stays`, async () => {
    const dropped = plan(2)
    await Promise.all([0, 1].map((number) => stage(dropped, number)))
    await useOther().dropParts(dropped.key)
    await use().dropParts(dropped.key)
    await assert.rejects(use().commitParts(dropped.key, dropped.plan), isFault('parts-missing'))
    assert.ok(!(await listKeys(use(), '')).some((key) => key.includes(dropped.key.slice(objectPrefix.length))))

    const kept = plan(2)
    await Promise.all([0, 1].map((number) => stage(kept, number)))
    await use().commitParts(kept.key, kept.plan)
    await use().dropParts(kept.key)
    assert.ok(await isWhole(kept))
    await use().delete(kept.key)
    await assert.rejects(use().commitParts(kept.key, kept.plan), isFault('parts-missing'))
  })

  test(`${name}: keeps memory bounded while four parts of 64 MiB pass at once`, { timeout: 120_000 }, async () => {
    const key = newObjectKey()
    const size = 64 * 1024 * 1024
    const parts = Array.from({ length: 4 }, () => longBody(size))
    const before = process.memoryUsage().arrayBuffers
    let peak = 0
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 10)
    try {
      await Promise.all(
        parts.map(({ body }, number) =>
          use().stagePart(key, { number, partSize: size, byteLength: size }, checked(body)),
        ),
      )
      await use().commitParts(key, { count: 4, partSize: size, byteLength: 4 * size })
      for (const [number, { hash }] of parts.entries()) {
        const read = createHash('sha256')
        for await (const chunk of await use().read(key, { offset: number * size, length: size })) read.update(chunk)
        assert.equal(read.digest('hex'), hash())
      }
    } finally {
      clearInterval(watch)
      await use().delete(key)
    }
    assert.ok(peak - before < 96 * 1024 * 1024, `${Math.round((peak - before) / 1024 / 1024)} MiB of buffers`)
  })
}

/** Lets the timers run between the pieces of a body that is never waited for. */
async function* checked(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const chunk of body) {
    yield chunk
    count += 1
    if (count % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}
