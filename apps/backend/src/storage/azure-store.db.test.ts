import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { startAzurite, testAzurite } from '@instandt/testkit'
import { AppError } from '../app-error.ts'
import { openAzureStore } from './azure-store.ts'
import { newObjectKey, objectPrefix, quarantineKey } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { chunksOf, collect, listKeys } from './bytes.fixture.ts'
import { testStore } from './conformance.fixture.ts'
import { type Fault, startFaultyAzure } from './faulty-azure.fixture.ts'

let store: BlobStore
let other: BlobStore
let connectionString: string
const container = `test-${randomUUID()}`
before(async () => {
  connectionString = await testAzurite()
  const account = { connectionString, container }
  store = await openAzureStore(account)
  other = await openAzureStore(account)
})
after(async () => {
  await store.close()
  await other.close()
})

testStore(
  'azure',
  () => store,
  () => other,
)

const isUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'storage-unavailable' && error.status === 503

/** Passes bytes on to Azurite and cuts the first `cuts` answers after some bytes. */
async function startCuttingProxy(
  target: URL,
  cutAfter: number,
  cuts: number,
): Promise<{ port: number; cutsMade: () => number; stop(): void }> {
  let made = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    client.pipe(upstream)
    let passed = 0
    upstream.on('data', (chunk) => {
      passed += chunk.length
      if (passed > cutAfter && made < cuts) {
        made += 1
        client.destroy()
        upstream.destroy()
      } else client.write(chunk)
    })
    upstream.on('end', () => client.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cutsMade: () => made,
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

test('a download whose connection breaks goes on where it stopped', async () => {
  const direct = await openAzureStore({ connectionString, container })
  const key = newObjectKey()
  const bytes = randomBytes(6 * 1024 * 1024)
  await direct.write(key, chunksOf(bytes, 1024 * 1024))

  const endpoint = new URL(/BlobEndpoint=([^;]+)/.exec(connectionString)?.[1] ?? '')
  const proxy = await startCuttingProxy(endpoint, 1_500_000, 3)
  try {
    const throughProxy = connectionString.replace(`:${endpoint.port}/`, `:${proxy.port}/`)
    const cut = await openAzureStore({ connectionString: throughProxy, container })
    assert.ok((await collect(await cut.read(key, { offset: 100, length: bytes.length }))).equals(bytes.subarray(100)))
    assert.equal(proxy.cutsMade(), 3)
  } finally {
    proxy.stop()
  }
})

test('a store that vanishes in the middle of an upload or a download is 503, soon', { timeout: 60_000 }, async () => {
  const azurite = await startAzurite()
  try {
    const opened = await openAzureStore({ connectionString: azurite.connectionString, container: 'test-vanishes' })
    const key = newObjectKey()
    await opened.write(key, chunksOf(randomBytes(12 * 1024 * 1024), 1024 * 1024))
    const reading = (await opened.read(key))[Symbol.asyncIterator]()
    await reading.next()
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 40; count += 1) {
        if (count === 9) await azurite.stop()
        yield randomBytes(1024 * 1024)
      }
    }
    const started = Date.now()
    await assert.rejects(opened.write(newObjectKey(), body()), isUnavailable)
    await assert.rejects(async () => {
      for (let step = await reading.next(); !step.done; step = await reading.next());
    }, isUnavailable)
    await assert.rejects(opened.read(key), isUnavailable)
    await assert.rejects(opened.check(), isUnavailable)
    await assert.rejects(listKeys(opened, objectPrefix), isUnavailable)
    assert.ok(Date.now() - started < 30_000)
  } finally {
    await azurite.stop()
  }
})

/** A stored object whose move meets a fault `times` times; `isHit` tells the requests it is about. */
async function whileMoving(
  [fault, times]: [Fault, number],
  isHit: (request: IncomingMessage) => boolean,
  work: (store: BlobStore, from: string, to: string) => Promise<void>,
): Promise<void> {
  let left = times
  const azure = await startFaultyAzure(connectionString, (request) => {
    if (left === 0 || !isHit(request)) return undefined
    left -= 1
    return fault
  })
  try {
    const from = newObjectKey()
    await store.write(from, chunksOf(bytes, 50_000))
    const faulty = await openAzureStore({ connectionString: azure.connectionString, container })
    await work(faulty, from, quarantineKey(from, new Date()))
    assert.equal(left, 0, 'the fault was met')
  } finally {
    azure.stop()
  }
}

const bytes = randomBytes(200_000)
const isDelete = ({ method }: IncomingMessage): boolean => method === 'DELETE'
const isCopy = ({ headers }: IncomingMessage): boolean => headers['x-ms-copy-source'] !== undefined

for (const [name, isHit] of [['delete', isDelete] as const, ['copy', isCopy] as const])
  test(`the answer to the ${name} of a move gets lost: the object is moved`, async () => {
    await whileMoving(['lost', 1], isHit, async (faulty, from, to) => {
      await faulty.move(from, to)
      assert.ok((await collect(await store.read(to))).equals(bytes))
      await assert.rejects(store.read(from), { code: 'blob-missing' })
    })
  })

test('a source that the store keeps stays beside its copy, and the next move ends it', async () => {
  await whileMoving(['kept', 1], isDelete, async (faulty, from, to) => {
    await assert.rejects(faulty.move(from, to), { code: 'blob-immutable' })
    for (const key of [from, to]) assert.ok((await collect(await store.read(key))).equals(bytes), key)
    await faulty.move(from, to)
    await assert.rejects(store.read(from), { code: 'blob-missing' })
    assert.ok((await collect(await store.read(to))).equals(bytes))
  })
})

test('a move of which no answer comes any more leaves the copy', async () => {
  await whileMoving(['lost', 4], isDelete, async (faulty, from, to) => {
    await assert.rejects(faulty.move(from, to), isUnavailable)
    assert.ok((await collect(await store.read(to))).equals(bytes))
  })
})

test('a container that is missing is 503, not a missing image', async () => {
  const opened = await openAzureStore({
    accountUrl: 'https://127.0.0.1:1/account',
    clientId: 'nobody',
    container: 'test-absent',
  })
  await assert.rejects(opened.read(newObjectKey()), isUnavailable)
})
