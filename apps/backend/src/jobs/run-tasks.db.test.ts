import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startTestBackend } from '../test-backend.fixture.ts'
import { runTasks } from './run-tasks.ts'

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (condition()) return
    await delay(25)
  }
  throw new Error(`it never came to pass: ${what}`)
}

test(
  'a database that is gone when a job ends neither ends the process nor the worker',
  { timeout: 60_000 },
  async () => {
    const backend = await startTestBackend()
    const url = new URL(backend.database.adminUrl)
    const name = url.pathname.slice(1)
    url.pathname = '/postgres'
    const admin = new pg.Client({ connectionString: url.href })
    await admin.connect()
    const done: string[] = []
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const tasks = await runTasks(backend.deps, {
      concurrency: 1,
      taskList: {
        slow: async () => {
          done.push('began')
          await released
          done.push('ended')
        },
        next: async () => void done.push('next'),
      },
    })
    try {
      await tasks.addJob('slow', {})
      await until(() => done.includes('began'), 'the first job')
      await admin.query(`alter database ${name} with allow_connections false`)
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
      release()
      await until(() => done.includes('ended'), 'its end')
      // Long enough for the worker to find that it cannot tell.
      await delay(1_000)
      await admin.query(`alter database ${name} with allow_connections true`)
      await backend.db.pool.query(`select graphile_worker.add_job('next')`)
      await until(() => done.includes('next'), 'the next job')
    } finally {
      await admin.query(`alter database ${name} with allow_connections true`)
      await admin.end()
      await tasks.stop()
      await backend.stop()
    }
  },
)

test('stopping ends a worker, which takes no more jobs', async () => {
  const backend = await startTestBackend()
  let runs = 0
  const tasks = await runTasks(backend.deps, { concurrency: 1, taskList: { one: async () => void (runs += 1) } })
  await tasks.addJob('one', {})
  await until(() => runs === 1, 'the job')
  await tasks.stop()
  await backend.db.pool.query(`select graphile_worker.add_job('one')`)
  await delay(300)
  assert.equal(runs, 1)
  await backend.stop()
})
