// Objects that travel in parts: what became of each is noted at once, and the next run goes on with the one that was under way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBadLine } from '@instandt/testkit'
import { startJobs } from '../../../backend/src/jobs/index.ts'
import { startTestBackend } from '../../../backend/src/test-backend.fixture.ts'
import { startChildImport } from './child-import.fixture.ts'
import { importGiven, objectOf, until } from './import.fixture.ts'

const mebi = 1024 * 1024

const given = importGiven()

/** Beyond the length from which on objects travel in parts. */
const largeObject = (seed: string, number: number): Uint8Array =>
  objectOf(seed, number, { image: { rows: 2100, columns: 2100, bitsAllocated: 16 } })

test('killed within a large object: the next run goes on with its parts', async () => {
  const large = objectOf('killed large', 0, { image: { rows: 3500, columns: 3500, bitsAllocated: 16 } })
  await given.workshop.put('large.dcm', large)
  const line = await startBadLine({ target: given.backend.url, bytesPerSecond: 12e6 })
  try {
    const args = [given.workshop.source, '--to', line.url, '--report', given.workshop.report]
    const child = startChildImport(args)
    await until(() => line.bytesIn() > 10 * mebi)
    child.kill('SIGKILL')
    await child.done
    const outcome = await given.workshop.run(args)
    assert.deepEqual([outcome.code, outcome.line('large.dcm').result], [0, 'stored'], outcome.err)
    const twice = line.bytesIn() - large.length
    // Two parts were under way, and perhaps half of another one in the line.
    assert.ok(twice < 3.5 * mebi, `${(twice / mebi).toFixed(1)} MiB were sent twice`)
  } finally {
    await line.stop()
  }
})

test('killed within the third of three large objects: the journal has the first two as stored', async () => {
  for (let number = 0; number < 3; number += 1)
    await given.workshop.put(`${number}`, largeObject('large killed', number))
  const line = await startBadLine({ target: given.backend.url, bytesPerSecond: 16e6 })
  try {
    const child = startChildImport([
      given.workshop.source,
      '--to',
      line.url,
      '--parallel',
      '1',
      '--report',
      given.workshop.report,
    ])
    await until(() => line.bytesIn() > 2.3 * largeObject('large killed', 0).length)
    child.kill('SIGKILL')
    assert.equal(await child.done, 'SIGKILL')
    const journal = given.workshop.openJournal(line.url)
    const { stored, pending } = journal.totals()
    journal.close()
    assert.deepEqual([stored.files, pending.files], [2, 1])
  } finally {
    await line.stop()
  }
})

test('a token that is refused at a question about the third large object: the first two are told as stored', async (t) => {
  for (let number = 0; number < 3; number += 1) await given.workshop.put(`${number}`, largeObject('large over', number))
  const reallyFetch = globalThis.fetch
  let questions = 0
  t.mock.method(globalThis, 'fetch', async (url: string, init?: RequestInit) => {
    if (url.endsWith('/known') && (questions += 1) > 2) return new Response('{}', { status: 401 })
    return await reallyFetch(url, init)
  })
  const outcome = await given.workshop.run([given.workshop.source, '--to', given.backend.url, '--parallel', '1'])
  assert.equal(outcome.code, 3, outcome.err)
  assert.deepEqual([outcome.summary.files.stored, outcome.summary.files.pending, outcome.summary.run.sent], [2, 1, 2])
})

test('without a worker large objects are waited for, then it ends; once there is one, nothing is sent again', async () => {
  const lonely = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: mebi })
  const line = await startBadLine({ target: lonely.url })
  try {
    await given.workshop.put('large.dcm', largeObject('lonely', 0))
    const args = [given.workshop.source, '--to', line.url, '--wait', '0.02']
    const alone = await given.workshop.run(args)
    assert.equal(alone.code, 4, alone.err)
    assert.match(alone.err, /no worker of .* stores what was uploaded; .*run it again to go on/)
    const jobs = await startJobs(lonely.deps)
    const sent = line.bytesIn()
    const outcome = await given.workshop.run(args)
    await jobs.stop()
    assert.deepEqual([outcome.code, outcome.line('large.dcm').result], [0, 'stored'], outcome.err)
    assert.ok(line.bytesIn() - sent < 2000, `${line.bytesIn() - sent} bytes`)
  } finally {
    await line.stop()
    await lonely.stop()
  }
})
