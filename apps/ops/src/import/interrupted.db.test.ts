// Killed, interrupted, cut off, left alone by its server: run again it goes on, and nothing is sent twice but what was under way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeSelfSigned, startBadLine } from '@instandt/testkit'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { uidOf } from '@instandt/testkit/files'
import { startTestBackend } from '../../../backend/src/test-backend.fixture.ts'
import { startChildImport } from './child-import.fixture.ts'
import { importGiven, objectOf, until } from './import.fixture.ts'
import { portOf, startLine } from './line.fixture.ts'

const given = importGiven()

/** Files of about 20 kB; their bytes together. */
async function fill(seed: string, count: number): Promise<number> {
  let bytes = 0
  for (let number = 0; number < count; number += 1) {
    const object = objectOf(seed, number, { image: { rows: 100, columns: 100 } })
    bytes += object.length
    await given.workshop.put(`${Math.floor(number / 100)}/${number}`, object)
  }
  return bytes
}

async function storedCount(seed: string, count: number): Promise<number> {
  const { rows } = await given.backend.db.pool.query<{ count: number }>(
    'select count(*)::int as count from instance where sop_instance_uid = any($1)',
    [Array.from({ length: count }, (_, number) => uidOf(seed, number))],
  )
  return rows[0]?.count ?? 0
}

test('killed in the middle: the next run sends what was not acknowledged, and everything is there once', async () => {
  const bytes = await fill('killed', 600)
  const line = await startBadLine({ target: given.backend.url, bytesPerSecond: 4e6 })
  try {
    const args = [given.workshop.source, '--to', line.url, '--parallel', '2', '--report', given.workshop.report]
    const child = startChildImport(args)
    await until(() => line.bytesIn() > bytes / 2)
    child.kill('SIGKILL')
    assert.equal(await child.done, 'SIGKILL')
    const journal = given.workshop.openJournal(line.url)
    const acknowledged = journal.totals().stored.files
    journal.close()
    assert.ok(acknowledged > 0 && acknowledged < 600, `${acknowledged} acknowledged`)

    const outcome = await given.workshop.run(args)
    assert.equal(outcome.code, 0, outcome.err)
    const { stored, known } = outcome.summary.files
    assert.equal(stored + known, 600)
    // What the server had got without our knowing is known to it; the rest of the two requests comes again.
    assert.ok(outcome.summary.run.sent <= 600 - acknowledged)
    assert.equal(await storedCount('killed', 600), 600)
    const twice = line.bytesIn() - bytes
    const underWay = 2 * 50 * (bytes / 600)
    assert.ok(twice < underWay + bytes * 0.05, `${twice} bytes more than there are, ${underWay} were under way`)
  } finally {
    await line.stop()
  }
})

test('an interrupt ends it after what is under way, with a report; another run goes on', async () => {
  await fill('interrupted', 400)
  await given.workshop.put('notes.txt', Buffer.from('x'))
  const line = await startBadLine({ target: given.backend.url, bytesPerSecond: 3e6 })
  try {
    const args = [given.workshop.source, '--to', line.url, '--report', given.workshop.report]
    const child = startChildImport(args)
    await until(() => line.bytesIn() > 2.5e6)
    child.kill('SIGINT')
    assert.equal(await child.done, 130)
    assert.match(child.err(), /ending after what is under way/)
    assert.match(child.err(), /interrupted: run it again to go on/)
    const { files, isComplete } = JSON.parse(child.out()) as { files: Record<string, number>; isComplete: boolean }
    assert.equal(isComplete, false)
    assert.ok((files['stored'] ?? 0) >= 50 && (files['pending'] ?? 0) > 0, JSON.stringify(files))
    assert.equal(files['stored'], await storedCount('interrupted', 400), 'what was under way has its outcome')
    const outcome = await given.workshop.run(args)
    assert.deepEqual([outcome.code, outcome.summary.files.stored, outcome.summary.files.pending], [0, 400, 0])
    assert.equal(outcome.summary.run.sent, 400 - (files['stored'] ?? 0), 'nothing twice')
  } finally {
    await line.stop()
  }
})

test('a line that breaks again and again is borne', async () => {
  await fill('broken line', 200)
  const line = await startBadLine({ target: given.backend.url, bytesPerSecond: 2e6 })
  let drops = 0
  const timer = setInterval(() => {
    if (drops < 6 && line.drop() > 0) drops += 1
  }, 150)
  try {
    const outcome = await given.workshop.run([given.workshop.source, '--to', line.url])
    assert.equal(outcome.code, 0, outcome.err)
    assert.ok(drops >= 3, `${drops} breaks`)
    assert.equal(outcome.summary.files.stored + outcome.summary.files.known, 200)
    assert.equal(await storedCount('broken line', 200), 200)
  } finally {
    clearInterval(timer)
    await line.stop()
  }
})

test('a server that stays away ends it with a code of its own; once it is back another run goes on', async () => {
  await fill('away', 300)
  const slow = await startBadLine({ target: given.backend.url, bytesPerSecond: 3e6 })
  const line = await startLine(portOf(slow.url))
  try {
    const args = [given.workshop.source, '--to', line.url, '--wait', '0.02']
    const running = given.workshop.run(args)
    await until(() => slow.bytesIn() > 2e6)
    line.lead(undefined)
    const gone = await running
    assert.equal(gone.code, 4, gone.err)
    assert.match(gone.err, /run it again to go on/)
    assert.ok(gone.summary.files.pending > 0 && gone.summary.files.failed === 0, JSON.stringify(gone.summary.files))
    assert.equal((await given.workshop.run(args)).code, 4, 'still away')
    line.lead(portOf(slow.url))
    const outcome = await given.workshop.run(args)
    assert.equal(outcome.code, 0, outcome.err)
    assert.equal(await storedCount('away', 300), 300)
  } finally {
    await line.stop()
    await slow.stop()
  }
})

test('a server that is away for a moment is waited for', async () => {
  await fill('moment', 300)
  const slow = await startBadLine({ target: given.backend.url, bytesPerSecond: 3e6 })
  const line = await startLine(portOf(slow.url))
  try {
    const running = given.workshop.run([given.workshop.source, '--to', line.url])
    await until(() => slow.bytesIn() > 2e6)
    line.lead(undefined)
    await delay(1500)
    line.lead(portOf(slow.url))
    const outcome = await running
    assert.equal(outcome.code, 0, outcome.err)
    assert.equal(await storedCount('moment', 300), 300)
  } finally {
    await line.stop()
    await slow.stop()
  }
})

test('a token that is revoked meanwhile ends it; nothing is told as failed', async () => {
  await fill('revoked', 300)
  const slow = await startBadLine({ target: given.backend.url, bytesPerSecond: 1.5e6 })
  const revoke = async (isRevoked: boolean): Promise<void> => {
    await given.backend.db.pool.query(
      `update api_token set revoked_at = ${isRevoked ? 'now()' : 'null'} where name = 'tests'`,
    )
    await delay(2100)
  }
  try {
    const args = [given.workshop.source, '--to', slow.url, '--parallel', '2']
    const running = given.workshop.run(args)
    await until(() => slow.bytesIn() > 1e6)
    await revoke(true)
    const outcome = await running
    await revoke(false)
    assert.equal(outcome.code, 3, outcome.err)
    assert.match(outcome.err, /does not accept the token any more/)
    assert.equal(outcome.summary.files.failed, 0)
    assert.equal((await given.workshop.run(args)).code, 0)
  } finally {
    await slow.stop()
  }
})

test('two runs at once do not share a journal', async () => {
  await fill('two', 300)
  const slow = await startBadLine({ target: given.backend.url, bytesPerSecond: 3e6 })
  try {
    const args = [given.workshop.source, '--to', slow.url, '--report', given.workshop.report]
    const child = startChildImport(args)
    await until(() => slow.bytesIn() > 1e6)
    const second = await given.workshop.run(args)
    assert.deepEqual([second.code, /another import is at work/.test(second.err)], [3, true])
    assert.equal(await child.done, 0)
  } finally {
    await slow.stop()
  }
})

test('a certificate that is not trusted is named, and trusted once its file is', async () => {
  const { certificate, key } = makeSelfSigned()
  const [cert, keyFile] = [path.join(given.workshop.folder, 'cert.pem'), path.join(given.workshop.folder, 'key.pem')]
  await writeFile(cert, certificate)
  await writeFile(keyFile, key)
  const secure = await startTestBackend({ DERIVE_THREADS: 0, TLS_CERT_FILE: cert, TLS_KEY_FILE: keyFile })
  try {
    await given.workshop.put('1', objectOf('secure', 1))
    const args = [
      given.workshop.source,
      '--to',
      secure.url.replace('http:', 'https:'),
      '--report',
      given.workshop.report,
    ]
    const refused = startChildImport(args)
    assert.equal(await refused.done, 3)
    assert.match(
      refused.err(),
      /certificate of https:.* is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*NODE_EXTRA_CA_CERTS/,
    )
    const trusted = startChildImport(args, { NODE_EXTRA_CA_CERTS: cert })
    assert.equal(await trusted.done, 0, trusted.err())
  } finally {
    await secure.stop()
  }
})
