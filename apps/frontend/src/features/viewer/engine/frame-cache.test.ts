import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFrameCache, type LoadContext } from './frame-cache.ts'

interface Loading {
  context: LoadContext
  resolve: (bytes: number) => void
  reject: (error: unknown) => void
}

/** A cache whose frames are numbers: their size. Loading ends when the test says so. */
function watched(maxBytes = 100) {
  const loading = new Map<string, Loading>()
  const begun: string[] = []
  const cache = createFrameCache<string, number>({
    keyOf: (address) => address,
    sizeOf: (frame) => frame,
    maxBytes,
    isLasting: (error) => error === 'lasting',
    load(address, context) {
      begun.push(address)
      return new Promise((resolve, reject) => {
        loading.set(address, { context, resolve, reject })
        context.signal.addEventListener('abort', () => reject(context.signal.reason))
      })
    },
  })
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    cache,
    begun,
    context: (address: string) => loading.get(address)!.context,
    finish: async (address: string, bytes = 10): Promise<void> => {
      loading.get(address)!.resolve(bytes)
      await settled()
    },
    fail: async (address: string, error: unknown): Promise<void> => {
      loading.get(address)!.reject(error)
      await settled()
    },
  }
}

const quiet = (promise: Promise<unknown>): void => void promise.catch(() => undefined)

test('the image on screen begins at once, its neighbours nearly all after it, never more than four at a time', async () => {
  const { cache, begun, finish } = watched()
  quiet(cache.show('a'))
  cache.prefetch(['b', 'c', 'd', 'e', 'f', 'g'])
  assert.deepEqual(begun, ['a', 'b'])
  await finish('a')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e'])
  await finish('c')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e', 'f'])
})

test('a frame that is loaded already is not loaded again', async () => {
  const { cache, begun, finish } = watched()
  quiet(cache.show('a'))
  await finish('a', 7)
  assert.equal(cache.peek('a'), 7)
  assert.equal(await cache.show('a'), 7)
  assert.deepEqual(begun, ['a'])
})

test('what nobody wants any more is given up; what becomes the image on screen is urgent', () => {
  const { cache, context } = watched()
  quiet(cache.show('a'))
  cache.prefetch(['b'])
  assert.equal(context('b').isUrgent(), false)
  quiet(cache.show('b'))
  assert.equal(context('b').isUrgent(), true)
  cache.prefetch(['c'])
  assert.equal(context('a').signal.aborted, true)
  assert.equal(context('a').isWanted(), false)
  assert.equal(context('b').signal.aborted, false)
})

test('over the limit the frame used longest ago goes first, the one on screen never', async () => {
  const { cache, finish } = watched(100)
  for (const name of ['a', 'b', 'c']) {
    quiet(cache.show(name))
    await finish(name, 40)
  }
  assert.deepEqual(['a', 'b', 'c'].map(cache.peek), [undefined, 40, 40])
  await cache.show('b')
  quiet(cache.show('huge'))
  await finish('huge', 500)
  assert.deepEqual(['b', 'c', 'huge'].map(cache.peek), [undefined, undefined, 500])
})

test('no more is loaded ahead than can be kept, whatever the size of the frames', async () => {
  for (const size of [5, 10, 24, 26, 33, 34, 37, 38, 45, 49, 51, 60, 74, 76, 99, 101]) {
    const { cache, begun, finish } = watched(100)
    quiet(cache.show('a'))
    await finish('a', size)
    cache.prefetch(['b', 'c', 'd', 'e'], ['f', 'g', 'h'])
    for (let at = 0; at < begun.length; at += 1) {
      assert.ok(begun.length <= 8, `${size}: ${begun.join()}`)
      await finish(begun[at]!, size)
    }
    assert.equal(new Set(begun).size, begun.length, `${size}: ${begun.join()}`)
    const kept = ['b', 'c', 'd', 'e'].filter((name) => cache.peek(name) !== undefined)
    assert.equal(kept.length, Math.min(4, Math.max(0, Math.floor((75 - size) / size))))
  }
})

test('of frames of unlike sizes the nearest stay, and none is loaded twice', async () => {
  const { cache, begun, finish } = watched(100)
  quiet(cache.show('a'))
  await finish('a', 5)
  cache.prefetch(['b', 'c', 'd', 'e'])
  for (let at = 1; at < begun.length; at += 1) {
    assert.ok(begun.length <= 5, begun.join())
    await finish(begun[at]!, 30)
  }
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map(cache.peek), [5, 30, 30, 30, undefined])
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e'])
})

test('a fault of the file is kept, one of the network is asked for again', async () => {
  const { cache, begun, fail } = watched()
  const first = cache.show('damaged')
  quiet(first)
  await fail('damaged', 'lasting')
  await assert.rejects(cache.show('damaged'), (error) => error === 'lasting')
  quiet(cache.show('far'))
  await fail('far', 'network')
  quiet(cache.show('far'))
  assert.deepEqual(begun, ['damaged', 'far', 'far'])
})

test('what could not be loaded ahead is not asked for again at once, nor is anything else held up by it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { cache, begun, finish, fail } = watched()
  quiet(cache.show('a'))
  await finish('a')
  cache.prefetch(['b', 'c'])
  await fail('b', 'network')
  await finish('c')
  assert.deepEqual(begun, ['a', 'b', 'c'])
  t.mock.timers.tick(5000)
  assert.deepEqual(begun, ['a', 'b', 'c', 'b'])
})

test('a fault that was kept can be forgotten, a frame cannot', async () => {
  const { cache, begun, finish, fail } = watched()
  quiet(cache.show('a'))
  await fail('a', 'lasting')
  cache.forget()
  quiet(cache.show('a'))
  await finish('a')
  cache.forget()
  assert.equal(cache.peek('a'), 10)
  assert.deepEqual(begun, ['a', 'a'])
})

test('what failed for good is loaded ahead once, and once more when failures are forgotten', async () => {
  const { cache, begun, finish, fail } = watched()
  quiet(cache.show('a'))
  await finish('a')
  cache.prefetch(['b', 'c'])
  await fail('b', 'lasting')
  await finish('c')
  cache.prefetch(['b', 'c'])
  assert.deepEqual(begun, ['a', 'b', 'c'])
  cache.forget()
  cache.prefetch(['b', 'c'])
  assert.deepEqual(begun, ['a', 'b', 'c', 'b'])
})

test('closing gives up everything and begins nothing more', async () => {
  const { cache, begun, context, finish } = watched()
  quiet(cache.show('a'))
  cache.prefetch(['b', 'c'])
  cache.close()
  assert.equal(context('a').signal.aborted, true)
  assert.equal(context('b').signal.aborted, true)
  await finish('a')
  assert.deepEqual(begun, ['a', 'b'])
})
