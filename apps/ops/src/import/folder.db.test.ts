// An archive in a folder comes into a real backend: everything in it has its line, everything that can be stored is, once.
import assert from 'node:assert/strict'
import { appendFile, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { startBadLine, testCaller } from '@instandt/testkit'
import { uidOf } from '@instandt/testkit/files'
import { replaceBytes } from '../../../backend/src/archive.fixture.ts'
import { correctInspections } from '../../../backend/src/jobs/correct-inspections.ts'
import { proveDue } from '../../../backend/src/jobs/prove-objects.ts'
import { readArchiveScope } from '../../../backend/src/plugins/access.ts'
import { importGiven, objectOf, sha256Of } from './import.fixture.ts'

const given = importGiven()

/** SHA-256 of every stored object of these UIDs, as the backend counted it. */
async function storedHashes(uids: readonly string[]): Promise<string[]> {
  const { rows } = await given.backend.db.pool.query<{ sha256: string }>(
    `select encode(sha256, 'hex') as sha256 from instance where sop_instance_uid = any($1)`,
    [uids],
  )
  return rows.map(({ sha256 }) => sha256).toSorted()
}

test('every file has its line: objects are stored and confirmed, the rest is named and stops nothing', async () => {
  const objects = Array.from({ length: 300 }, (_, number) => objectOf('folder', number))
  for (const [number, bytes] of objects.entries())
    await given.workshop.put(`${Math.floor(number / 40)}/deep/${number}`, bytes)
  const large = objectOf('folder large', 0, { image: { rows: 2100, columns: 2100, bitsAllocated: 16 } })
  assert.ok(large.length > 8 * 1024 * 1024)
  await given.workshop.put('large, "wide".dcm', large)
  const strange = objectOf('folder', 1000)
  await given.workshop.put(Buffer.from([0x6e, 0xff, 0xfe, 0x0a]), strange)
  await given.workshop.put('twice.dcm', objects[7] ?? new Uint8Array(0))
  await given.workshop.put('notes.txt', Buffer.from('weld 7, second shift'))
  await given.workshop.put('empty.dcm', new Uint8Array(0))
  await given.workshop.put('DICOMDIR', objectOf('folder', 1001, { sopClassUid: '1.2.840.10008.1.3.10' }))
  await given.workshop.put('cut-off.dcm', objectOf('folder', 1002).subarray(0, -10))
  await symlink('..', path.join(given.workshop.source, '0/loop'))
  await symlink('nowhere', path.join(given.workshop.source, 'dangling'))

  const outcome = await given.workshop.run([given.workshop.source, '--to', given.backend.url])
  assert.equal(outcome.code, 1, outcome.err)
  assert.deepEqual(outcome.summary.files, { pending: 0, stored: 302, known: 1, refused: 1, skipped: 5, failed: 0 })
  assert.equal(outcome.lines.length, 309)
  assert.equal(outcome.summary.isComplete, true)
  const uids = Array.from({ length: 1001 }, (_, number) => uidOf('folder', number))
  assert.deepEqual(
    await storedHashes([...uids, uidOf('folder large', 0)]),
    [...objects, large, strange].map(sha256Of).toSorted(),
  )

  const first = outcome.line('/0/deep/0')
  assert.deepEqual(
    { ...first, time: null },
    {
      file: `${given.workshop.source}/0/deep/0`,
      byteSize: objects[0]?.length ?? 0,
      sha256: sha256Of(objects[0] ?? new Uint8Array(0)),
      sopInstanceUid: uidOf('folder', 0),
      result: 'stored',
      reason: null,
      time: null,
      verified: null,
    },
  )
  assert.ok(Math.abs(Date.parse(first.time ?? '') - Date.now()) < 60_000)
  assert.equal(outcome.line('large, "wide".dcm').result, 'stored')
  assert.equal(outcome.line(String.raw`n\xff\xfe\x0a`).result, 'stored')
  const twins = [outcome.line('twice.dcm').result, outcome.line('/0/deep/7').result]
  assert.deepEqual(twins.toSorted(), ['known', 'stored'])
  for (const [name, result, reason] of [
    ['notes.txt', 'skipped', /^not DICOM$/],
    ['empty.dcm', 'skipped', /^empty$/],
    ['DICOMDIR', 'skipped', /^DICOMDIR$/],
    ['cut-off.dcm', 'refused', /^C000: The file ends/],
    ['0/loop', 'skipped', /symbolic link/],
    ['dangling', 'skipped', /symbolic link/],
  ] as const) {
    assert.equal(outcome.line(name).result, result, name)
    assert.match(outcome.line(name).reason ?? '', reason)
  }
  const { rows } = await given.backend.db.pool.query(`select 1 from upload where state = 'stored'`)
  assert.equal(rows.length, 1, 'the large one came in parts')

  // Again: nothing is read or sent; what was refused stays so unless it is asked for.
  const line = await startBadLine({ target: given.backend.url })
  try {
    const again = await given.workshop.run([given.workshop.source, '--to', given.backend.url])
    assert.deepEqual([again.code, again.summary.run.sent, again.summary.files.stored], [1, 0, 302])
    assert.equal(isDeepStrictEqual(again.lines, outcome.lines), true, 'the same report')
    // A new journal: everything is read, nothing but its hash is sent.
    const other = path.join(given.workshop.folder, 'other.jsonl')
    const fresh = await given.workshop.run([given.workshop.source, '--to', line.url, '--report', other])
    assert.deepEqual([fresh.summary.files.known, fresh.summary.files.stored], [303, 0])
    assert.ok(line.bytesIn() < 60_000, `${line.bytesIn()} bytes`)
  } finally {
    await line.stop()
  }
})

test('a CSV for spreadsheets, and a summary for people', async () => {
  await given.workshop.put('=cmd,1.dcm', objectOf('csv', 1))
  const report = path.join(given.workshop.folder, 'report.csv')
  const { code } = await given.workshop.run([given.workshop.source, '--to', given.backend.url, '--report', report])
  assert.equal(code, 0)
  const [head, line, end] = (await readFile(report, 'utf8')).split('\r\n')
  assert.equal(head, '\uFEFFfile,byteSize,sha256,sopInstanceUid,result,reason,time,verified')
  assert.match(line ?? '', /^".*\/=cmd,1\.dcm",\d+,[0-9a-f]{64},2\.25\.\d+,stored,,2[0-9T:.-]+Z,$/)
  assert.equal(end, '')
})

test('another file under a stored UID is refused with the reason of the server, and brought in once that is gone', async () => {
  const first = objectOf('conflict', 1)
  await given.backend.stow([first])
  await given.workshop.put('other.dcm', objectOf('conflict', 1, { image: { rows: 20, columns: 20 } }))
  await given.workshop.put('same.dcm', first)
  await given.workshop.put('good.dcm', objectOf('conflict', 2))
  const args = [given.workshop.source, '--to', given.backend.url]
  const outcome = await given.workshop.run(args)
  assert.equal(outcome.code, 1)
  assert.match(outcome.line('other.dcm').reason ?? '', /^0111: Another file with this SOP Instance UID is stored/)
  assert.deepEqual(
    ['other.dcm', 'same.dcm', 'good.dcm'].map((name) => outcome.line(name).result),
    ['refused', 'known', 'stored'],
  )
  await rm(path.join(given.workshop.source, 'same.dcm'))
  await given.backend.db.pool.query(
    'delete from rendition_job where instance_id in (select id from instance where sop_instance_uid = $1)',
    [uidOf('conflict', 1)],
  )
  await given.backend.db.pool.query('delete from instance where sop_instance_uid = $1', [uidOf('conflict', 1)])
  assert.equal((await given.workshop.run(args)).line('other.dcm').result, 'refused')
  const retried = await given.workshop.run([...args, '--retry-refused'])
  assert.deepEqual([retried.code, retried.line('other.dcm').result], [0, 'stored'])
})

test('a dry run asks no server: it counts, and tells objects from other files', async () => {
  for (let number = 0; number < 20; number += 1) await given.workshop.put(`${number}`, objectOf('dry', number))
  await given.workshop.put('notes.txt', Buffer.from('x'))
  const { code, summary } = await given.workshop.run(
    [given.workshop.source, '--to', 'http://127.0.0.1:1', '--dry-run'],
    {},
  )
  assert.equal(code, 0)
  assert.deepEqual([summary.files.pending, summary.files.skipped], [20, 1])
  assert.equal(summary.bytes.pending, 20 * objectOf('dry', 0).length)
})

test('--verify reads the archive and asks the server once more, and changes nothing', async () => {
  for (let number = 0; number < 30; number += 1)
    await given.workshop.put(`${number}`.padStart(2, '0'), objectOf('verify', number))
  const file = path.join(given.workshop.source, '04')
  const day = new Date('2020-01-01T00:00:00Z')
  await utimes(file, day, day)
  const args = [given.workshop.source, '--to', given.backend.url]
  assert.equal((await given.workshop.run(args)).code, 0)
  const good = await given.workshop.run([...args, '--verify'])
  assert.deepEqual([good.code, good.summary.verified], [0, { confirmed: 30, faults: 0 }])
  assert.equal(good.line('/03').verified, 'confirmed')
  const brought = good.line('/07')

  // Other bytes under the old length and time; an object that was deleted; a file that was never brought in.
  const bytes = await readFile(file)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await writeFile(file, bytes)
  await utimes(file, day, day)
  await rm(path.join(given.workshop.source, '05'))
  // The archive was copied, and has other times; one file was cut off.
  await utimes(path.join(given.workshop.source, '06'), day, day)
  await truncate(path.join(given.workshop.source, '07'), 300)
  const deleted = await fetch(`${given.backend.url}/api/inspections/${uidOf('verify', 'study', 2)}/delete`, {
    method: 'POST',
    headers: { ...testCaller, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'a test' }),
  })
  assert.ok(deleted.ok, await deleted.text())
  await given.workshop.put('99', objectOf('verify', 99))
  const bad = await given.workshop.run([...args, '--verify'])
  assert.equal(bad.code, 1)
  assert.deepEqual(bad.summary.verified, { confirmed: 17, faults: 13 })
  assert.match(bad.line('/04').verified ?? '', new RegExp(`other bytes now: SHA-256 ${sha256Of(bytes)}`))
  assert.match(bad.line('/05').verified ?? '', /cannot be read: ENOENT/)
  assert.equal(bad.line('/06').verified, 'confirmed')
  const { verified, ...known } = bad.line('/07')
  assert.match(verified ?? '', /other bytes now/)
  assert.deepEqual({ ...known, verified: 'confirmed' }, brought)
  assert.match(bad.line('/25').verified ?? '', /no longer lists these bytes/)
  assert.deepEqual([bad.line('/99').result, bad.line('/25').result], ['pending', 'stored'])
})

test('a file that changed is brought in again, also when it only grew', async () => {
  await given.workshop.put('1', objectOf('change', 1))
  const args = [given.workshop.source, '--to', given.backend.url]
  assert.equal((await given.workshop.run(args)).code, 0)
  await given.workshop.put('1', objectOf('change', 2, { image: { rows: 30, columns: 30 } }))
  const again = await given.workshop.run(args)
  assert.deepEqual(
    [again.code, again.line('/1').sopInstanceUid, again.summary.files.stored],
    [0, uidOf('change', 2), 1],
  )
  await appendFile(path.join(given.workshop.source, '1'), 'x'.repeat(10))
  assert.equal((await given.workshop.run(args)).line('/1').result, 'refused')
})

test('an object that was corrected since is sent once more and known as what it was', async () => {
  await given.workshop.put('1', objectOf('corrected', 1))
  assert.equal((await given.workshop.run([given.workshop.source, '--to', given.backend.url])).code, 0)
  const study = `/api/inspections/${uidOf('corrected', 'study', 0)}`
  const correction = await fetch(`${given.backend.url}${study}/corrections`, {
    method: 'POST',
    headers: { ...testCaller, 'content-type': 'application/json' },
    body: JSON.stringify({ changes: { componentName: 'Other^Name' }, reason: 'a test' }),
  })
  assert.equal(correction.status, 202, await correction.text())
  for (let state = ''; state !== 'done'; await delay(50)) {
    await correctInspections(given.backend.deps, await readArchiveScope(given.backend.db))
    const history = (await (await given.backend.get(`${study}/history`)).json()) as { corrections: { state: string }[] }
    state = history.corrections[0]?.state ?? ''
    assert.notEqual(state, 'failed')
  }
  const report = path.join(given.workshop.folder, 'again.jsonl')
  const { code } = await given.workshop.run([given.workshop.source, '--to', given.backend.url, '--report', report])
  assert.equal(code, 0)
  assert.match(
    await readFile(report, 'utf8'),
    /"result":"known","reason":"known as an earlier version, corrected since"/,
  )
})

test('what was found damaged there --verify does not confirm; an import with a report of its own heals it', async () => {
  await given.workshop.put('1', objectOf('damaged', 1))
  await given.workshop.put('2', objectOf('damaged', 2))
  const args = [given.workshop.source, '--to', given.backend.url]
  assert.equal((await given.workshop.run(args)).code, 0)
  const { deps, db } = given.backend
  const keyOf = async (): Promise<string> => {
    const { rows } = await db.pool.query<{ key: string }>(
      'select blob_key as key from instance where sop_instance_uid = $1',
      [uidOf('damaged', 1)],
    )
    return rows[0]?.key ?? ''
  }
  const key = await keyOf()
  const bytes = Buffer.from(objectOf('damaged', 1))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await replaceBytes(given.backend, key, bytes)
  assert.ok(await proveDue(deps, await readArchiveScope(db), { shareBytes: 100_000_000 }))

  const bad = await given.workshop.run([...args, '--verify'])
  assert.deepEqual([bad.code, bad.summary.verified], [1, { confirmed: 1, faults: 1 }])
  assert.match(bad.line('/1').verified ?? '', /found damaged/)
  assert.equal(bad.line('/1').result, 'stored')

  const report = path.join(given.workshop.folder, 'again.jsonl')
  const again = await given.workshop.run([...args, '--report', report])
  assert.deepEqual([again.code, again.summary.run.sent], [0, 1])
  assert.notEqual(await keyOf(), key)
  const good = await given.workshop.run([...args, '--verify'])
  assert.deepEqual([good.code, good.summary.verified], [0, { confirmed: 2, faults: 0 }])
})
