import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { PixelFault } from '@instandt/pixels'
import { createDecodePool, type DecodePool } from './decode-pool.ts'
import type { FrameTask } from './decode-task.ts'
import { Abandoned } from './frame-cache.ts'
import { eightBits, greyFormat } from '../../../../../../packages/pixels/src/grey-format.fixture.ts'

/** A browser's thread that ends with frames that begin with 1 alone. */
class FakeWorker extends EventTarget {
  static running = 0
  constructor() {
    super()
    FakeWorker.running += 1
  }
  postMessage({ bytes }: Partial<FrameTask>): void {
    if (bytes?.[0] === 1)
      queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data: { failure: 'read' } })))
  }
  terminate(): void {
    FakeWorker.running -= 1
  }
}
const { Worker } = globalThis
let opened: DecodePool | undefined
afterEach(() => {
  opened?.close()
  globalThis.Worker = Worker
  FakeWorker.running = 0
})

function open(baseMs: number): DecodePool {
  globalThis.Worker = FakeWorker as never
  opened = createDecodePool(baseMs)
  return opened
}

const frame = (first: number): FrameTask => ({
  kind: 'frame',
  bytes: Uint8Array.of(first),
  syntaxUid: '1.2.840.10008.1.2.4.90',
  format: greyFormat(8, 8, eightBits),
  tables: { palette: undefined, modality: undefined },
  padding: undefined,
  maxTexture: 4096,
})
const yes = (): boolean => true
const no = (): boolean => false

test('frames that never end are given up, in every thread there is, and the next one is decoded', async () => {
  const pool = open(50)
  const endless = Array.from({ length: 8 }, () => pool.decode(frame(0), no, yes))
  const next = pool.decode(frame(1), no, yes)
  for (const { status, ...rest } of await Promise.allSettled(endless)) {
    assert.equal(status, 'rejected')
    const { reason } = rest as { reason: unknown }
    assert.ok(reason instanceof PixelFault && reason.code === 'too-slow', String(reason))
  }
  await assert.rejects(next, /read/)
})

test('a frame that nobody looks at any more frees its thread before its time is up', async ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval'] })
  const pool = open(100_000)
  let isWanted = true
  const left = pool.decode(frame(0), no, () => isWanted)
  assert.equal(FakeWorker.running, 1)
  mock.timers.tick(60_000)
  assert.equal(FakeWorker.running, 1)
  isWanted = false
  mock.timers.tick(10_000)
  await assert.rejects(left, (error) => error instanceof Abandoned)
  assert.equal(FakeWorker.running, 0)
})

test('a decoder that never comes does not keep its thread', async () => {
  const pool = open(50)
  pool.warm()
  await new Promise((resolve) => setTimeout(resolve, 80))
  assert.equal(FakeWorker.running, 0)
  await assert.rejects(pool.decode(frame(1), no, yes), /read/)
})
