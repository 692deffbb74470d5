// Real threads over frames that take longer than they may.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { instanceUrl } from '@instandt/api'
import { PixelFault } from '@instandt/pixels'
import { uidOf } from '@instandt/testkit/files'
import {
  bytesOf,
  type RenditionBackend,
  samples,
  startRenditionBackend,
  until,
} from '../renditions/renditions.fixture.ts'
import { createPixelPool } from './pixel-pool.ts'
import { greyFormat } from '../../../../packages/pixels/src/grey-format.fixture.ts'

const explicit = '1.2.840.10008.1.2.1'
const jpeg2000 = '1.2.840.10008.1.2.4.90'

let backend: RenditionBackend
before(async () => {
  // No thread has even started by then.
  backend = await startRenditionBackend({ PIXEL_SECONDS: 0.005, RENDER_THREADS: 1 })
})
after(() => backend.stop())

test('a thread that computes for too long is ended, and the next task gets another one', async () => {
  const pool = createPixelPool({ threads: 1, isLow: false, memory: 1e9, seconds: 3 })
  const transcode = (edge: number, signal?: AbortSignal): Promise<Uint8Array> => {
    const bytes = new Uint8Array(edge * edge * 2).map((_, at) => Math.imul(at, 2_654_435_761) >>> 13)
    const input = { bytes, syntaxUid: explicit, format: greyFormat(edge), toSyntaxUid: jpeg2000, roomyBytes: 1e9 }
    return pool.run('transcode', input, { signal })
  }
  try {
    const started = performance.now()
    const slow = transcode(6000)
    const small = transcode(64)
    await assert.rejects(slow, (error) => error instanceof PixelFault && error.code === 'too-slow')
    assert.ok((await small).length > 0)
    assert.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`)
    // Whoever leaves frees the thread before its time is up.
    const gone = transcode(6000, AbortSignal.timeout(200))
    await assert.rejects(gone, /timeout/)
    assert.ok((await transcode(64)).length > 0)
  } finally {
    pool.close()
  }
})

test('who waits for such a frame is told so, and its image counts as one that cannot be shown', async () => {
  await backend.store('slow', { columns: 900, rows: 700, frame: () => bytesOf(samples(900, 700, 0)) })
  const address = instanceUrl(uidOf('study'), uidOf('series'), uidOf('slow', 'instance'))
  const answer = await backend.get(`${address}/rendered`, { accept: 'image/jpeg' })
  assert.equal(answer.status, 406)
  assert.match(((await answer.json()) as { detail: string }).detail, /too-slow \(not done after 0 s\)/)
  await backend.deriveAll()
  const { state, thumbnail, reason } = await backend.jobOf('slow')
  assert.deepEqual([state, thumbnail, reason], ['failed', 'none', 'too-slow: not done after 0 s'])
})

test('a film whose frames take too long is given up at the first one', async () => {
  const values = bytesOf(samples(1040, 600, 0))
  await backend.store('slow film', { columns: 1040, rows: 600, frames: 5, frame: () => values })
  await backend.db.pool.query(`update rendition_job set thumbnail = 'made' where thumbnail = 'waiting'`)
  const deriving = backend.startDeriving()
  await until(async () => (await backend.jobOf('slow film')).state !== 'waiting')
  await deriving.stop()
  const { state, frames_done: done, frames_made: made, reason } = await backend.jobOf('slow film')
  assert.deepEqual([state, done, made], ['failed', 1, 0])
  assert.match(reason ?? '', /^frame 1: too-slow/)
})

test('what a decoder of JPEG 2000 needs inside itself counts in the budget of memory', async () => {
  const real = backend.deps.pixels
  const wanted: number[] = []
  backend.deps.pixels = {
    ...real,
    withMemory(bytes, work, signal) {
      wanted.push(bytes)
      return real.withMemory(bytes, work, signal)
    },
  }
  const edge = 600
  for (const [seed, syntax] of [
    ['plain', '1.2.840.10008.1.2.4.80'],
    ['words', jpeg2000],
  ] as const) {
    await backend.store(seed, { columns: edge, rows: edge, frame: () => new Uint8Array(40) }, syntax)
    const address = instanceUrl(uidOf('study'), uidOf('series'), uidOf(seed, 'instance'))
    assert.equal((await backend.get(`${address}/rendered`, { accept: 'image/jpeg' })).status, 406)
  }
  backend.deps.pixels = real
  assert.deepEqual([wanted.length, wanted[1]! - wanted[0]!], [2, 6 * edge * edge])
})
