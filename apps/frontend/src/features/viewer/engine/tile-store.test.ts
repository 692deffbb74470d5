import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTileStore, type TileContext, type TileRequest } from './tile-store.ts'

/** A store whose tiles are numbers: their size. Loading ends when the test says so. */
function watched(maxBytes = 100) {
  const loading = new Map<
    string,
    { context: TileContext; resolve: (bytes: number) => void; reject: (error: unknown) => void }
  >()
  const begun: string[] = []
  const store = createTileStore<number>({ maxBytes, sizeOf: (tile) => tile, onTile: () => undefined })
  const request = (key: string): TileRequest<number> => ({
    key,
    load(context) {
      begun.push(key)
      return new Promise((resolve, reject) => {
        loading.set(key, { context, resolve, reject })
        context.signal.addEventListener('abort', () => reject(context.signal.reason))
      })
    },
  })
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    store,
    begun,
    request,
    want: (keys: string, inSight = keys.length) => store.want(keys.split('').map(request), inSight),
    context: (key: string) => loading.get(key)!.context,
    finish: async (key: string, bytes = 10): Promise<void> => {
      loading.get(key)!.resolve(bytes)
      await settled()
    },
    fail: async (key: string, error: unknown): Promise<void> => {
      loading.get(key)!.reject(error)
      await settled()
    },
  }
}

test('tiles out of sight are given up, those still wanted go on', async () => {
  const { store, want, context, finish } = watched()
  want('ab')
  want('bc')
  assert.equal(context('a').signal.aborted, true)
  assert.equal(context('b').signal.aborted, false)
  assert.equal(store.isBusy(), true)
  await finish('b')
  await finish('c')
  assert.equal(store.isBusy(), false)
})

test('a tile that a tool waits for is kept on its way whatever is in sight, until nobody waits', async () => {
  const { store, want, request, context, finish } = watched()
  const tool = new AbortController()
  const value = store.demand(request('far'), tool.signal)
  want('ab')
  assert.equal(context('far').signal.aborted, false)
  assert.equal(context('far').isUrgent(), true)
  await finish('far', 7)
  assert.equal(await value, 7)
  const other = store.demand(request('further'), tool.signal)
  other.catch(() => undefined)
  tool.abort()
  assert.equal(context('further').signal.aborted, true)
  await assert.rejects(other)
})

test('over the limit the tile used longest ago goes first, those in sight last', async () => {
  const { store, want, finish } = watched(30)
  want('abc')
  for (const key of 'abc') await finish(key)
  store.peek('a')
  want('d')
  await finish('d')
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => store.peek(key)),
    [10, undefined, 10, 10],
  )
  assert.equal(store.bytes(), 30)
})

test('loading ahead stops before it would push out what is here', async () => {
  const { begun, want, finish } = watched(100)
  want('a')
  await finish('a', 85)
  want('abc', 1)
  assert.deepEqual(begun, ['a'])
  want('abc', 2)
  assert.deepEqual(begun, ['a', 'b'])
})

test('a tile that fails has its reason, and is not asked for again at once', async () => {
  const { store, begun, want, fail } = watched()
  want('a')
  await fail('a', 'network')
  want('a')
  assert.deepEqual([begun.length, store.failure(), store.isBusy()], [1, 'network', false])
  store.close()
})
