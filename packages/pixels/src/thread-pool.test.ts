import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createThreadPool, JobTooSlow, ThreadFailure, type ThreadEvents } from './thread-pool.ts'

/** Threads whose answers the test gives. */
function fakeThreads(count: number, times: { idleMs?: number; patienceMs?: number } = {}) {
  const started: { events: ThreadEvents<string>; tasks: string[]; isStopped: boolean }[] = []
  const pool = createThreadPool<string, string>({
    count: () => count,
    start(events) {
      const thread = { events, tasks: [] as string[], isStopped: false }
      started.push(thread)
      return {
        post: (task) => void thread.tasks.push(task),
        stop: () => {
          thread.isStopped = true
        },
      }
    },
    ...times,
  })
  return { started, pool }
}

test('no more threads than allowed are started, each has one job at a time, the urgent one goes first', async () => {
  const { started, pool } = fakeThreads(2)
  const done: string[] = []
  const run = (task: string, isUrgent = false) =>
    pool.run(task, { isUrgent: () => isUrgent }).then((answer) => done.push(`${task} ${answer}`))
  const all = [run('a'), run('b'), run('c'), run('d', true)]
  assert.deepEqual(
    started.map(({ tasks }) => tasks),
    [['a'], ['b']],
  )
  started[0]!.events.answer('first')
  assert.deepEqual(started[0]!.tasks, ['a', 'd'])
  started[1]!.events.answer('second')
  started[0]!.events.answer('third')
  started[1]!.events.answer('fourth')
  await Promise.all(all)
  assert.deepEqual(done.sort(), ['a first', 'b second', 'c fourth', 'd third'])
})

test('a thread that dies takes its own job with it, and the next one gets a new thread', async () => {
  const { started, pool } = fakeThreads(1)
  const lost = pool.run('lost')
  const next = pool.run('next')
  started[0]!.events.failure('out of memory')
  await assert.rejects(lost, (error) => error instanceof ThreadFailure && error.message === 'out of memory')
  started[0]!.events.failure('said twice')
  started[1]!.events.answer('fine')
  assert.equal(await next, 'fine')
})

test('a job that nobody waits for is not begun, and gets the reason', async () => {
  const { started, pool } = fakeThreads(1)
  const first = pool.run('a')
  const gone = pool.run('b', { unwanted: () => new Error('left') })
  const last = pool.run('c')
  started[0]!.events.answer('a')
  await assert.rejects(gone, /left/)
  started[0]!.events.answer('c')
  assert.deepEqual([await first, await last, started[0]!.tasks], ['a', 'c', ['a', 'c']])
})

test('a thread is not used again after a large job, nor kept without work', async () => {
  const { started, pool } = fakeThreads(1, { idleMs: 20 })
  const large = pool.run('large', { isLarge: true })
  started[0]!.events.answer('done')
  await large
  assert.equal(started[0]!.isStopped, true)
  const small = pool.run('small')
  started[1]!.events.answer('done')
  await small
  assert.equal(started[1]!.isStopped, false)
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.equal(started[1]!.isStopped, true)
})

test('a job that does not end in its time is ended with its thread, and the next one gets a new one', async () => {
  const { started, pool } = fakeThreads(1)
  const endless = pool.run('endless', { mostMs: 20 })
  const quick = pool.run('quick', { mostMs: 20 })
  await assert.rejects(endless, (error) => error instanceof JobTooSlow)
  assert.equal(started[0]!.isStopped, true)
  started[0]!.events.answer('too late')
  started[1]!.events.answer('quick')
  assert.equal(await quick, 'quick')
  const later = pool.run('later')
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.equal(started[1]!.isStopped, false, 'the time of a job ends with it')
  started[1]!.events.answer('later')
  assert.equal(await later, 'later')
})

test('a job that runs on while nobody waits for it any more is ended with its thread', async () => {
  const { started, pool } = fakeThreads(1, { patienceMs: 10 })
  let hasLeft = false
  const left = pool.run('a', { unwanted: () => (hasLeft ? new Error('left') : undefined) })
  const next = pool.run('b')
  await new Promise((resolve) => setTimeout(resolve, 40))
  assert.equal(started.length, 1)
  hasLeft = true
  await assert.rejects(left, /left/)
  assert.equal(started[0]!.isStopped, true)
  started[1]!.events.answer('b')
  assert.equal(await next, 'b')
})

test('closing ends the threads and tells everybody who waits', async () => {
  const { started, pool } = fakeThreads(1)
  const all = [pool.run('a'), pool.run('b')]
  pool.close(new Error('closed'))
  for (const { status } of await Promise.allSettled(all)) assert.equal(status, 'rejected')
  assert.equal(started[0]!.isStopped, true)
})
