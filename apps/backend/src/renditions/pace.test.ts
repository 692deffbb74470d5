import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from './pace.ts'

/** Processors that were busy by these shares, one after the other, each for a second. */
function machine(...shares: number[]): () => { busy: number; total: number } {
  let at = { busy: 0, total: 0 }
  return () => {
    const now = at
    at = { busy: at.busy + 1000 * (shares.shift() ?? 0), total: at.total + 1000 }
    return now
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

test('an idle machine is not waited for, a busy one until it is not', async () => {
  const idle = createPace({ read: machine(0.5, 0.1) })
  assert.ok((await timed(idle)) < 100)
  const busy = createPace({ read: machine(0.9, 0.95, 0.3) })
  const waited = await timed(busy)
  assert.ok(waited > 350 && waited < 600, String(waited))
})

test('under lasting load a piece is held back for a bounded time only', async () => {
  const pace = createPace({ longest: 400, read: machine(...Array.from({ length: 50 }, () => 1)) })
  const waited = await timed(pace)
  assert.ok(waited > 350 && waited < 800, String(waited))
})
