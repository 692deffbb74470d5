// Who may bring in where: source, target, project and token, told before anything is sent.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { uidOf } from '@instandt/testkit/files'
import { tokenHeaders } from '../../../backend/src/identity.fixture.ts'
import { importGiven, objectOf } from './import.fixture.ts'

const given = importGiven(['alpha', 'beta'])

const tokenOf = async (role: 'sender' | 'reader', projects: string[]): Promise<{ INSTANDT_TOKEN: string }> => {
  const { authorization } = await tokenHeaders(given.backend.db, role, projects)
  return { INSTANDT_TOKEN: authorization.replace('Bearer ', '') }
}

test('a journal belongs to one source, one target and one project, and says so', async () => {
  await given.workshop.put('1', objectOf('bound', 1))
  const dry = [given.workshop.source, '--dry-run', '--to']
  assert.equal((await given.workshop.run([...dry, 'http://127.0.0.1:1'], {})).code, 0)
  const elsewhere = await given.workshop.run([...dry, 'http://127.0.0.1:2'], {})
  assert.equal(elsewhere.code, 2)
  assert.match(elsewhere.err, /its target is 'http:\/\/127\.0\.0\.1:1', not 'http:\/\/127\.0\.0\.1:2'/)
  const parent = await given.workshop.run([given.workshop.folder, '--dry-run', '--to', 'http://127.0.0.1:1'], {})
  assert.match(parent.err, /its source is '.*\/archive', not/)
  const named = await given.workshop.run([...dry, 'http://127.0.0.1:1', '--project', 'beta'], {})
  assert.equal(named.code, 0, named.err)
  const project = await given.workshop.run([...dry, 'http://127.0.0.1:1', '--project', 'alpha'], {})
  assert.match(project.err, /its project is 'beta', not 'alpha'/)
  await writeFile(
    `${given.workshop.report}.journal`,
    'not a journal at all, but long enough to have a header of its own',
  )
  const foreign = await given.workshop.run([...dry, 'http://127.0.0.1:1'], {})
  assert.deepEqual([foreign.code, /is no journal of an import/.test(foreign.err)], [2, true])
})

test('a dry run that names no project, then the import into one: the same journal', async () => {
  await given.workshop.put('1', objectOf('dry then named', 1))
  const args = [given.workshop.source, '--to', given.backend.url]
  assert.equal((await given.workshop.run([...args, '--dry-run'], {})).code, 0)
  const named = [...args, '--project', 'beta']
  const sender = await tokenOf('sender', ['alpha', 'beta'])
  for (const more of [[], ['--verify']]) {
    const { code, err, summary } = await given.workshop.run([...named, ...more], sender)
    assert.deepEqual([code, summary.project, summary.files.stored], [0, 'beta', 1], err)
  }
  assert.equal((await given.workshop.run([...args, '--dry-run'], {})).code, 0)
})

test('a token that leads to another project than the one before ends it, though no project was named', async () => {
  await given.workshop.put('1', objectOf('two tokens', 1))
  const args = [given.workshop.source, '--to', given.backend.url]
  const first = await given.workshop.run(args, await tokenOf('sender', ['alpha']))
  assert.deepEqual([first.code, first.summary.project], [0, 'alpha'], first.err)
  await given.workshop.put('2', objectOf('two tokens', 2))
  const second = await given.workshop.run(args, await tokenOf('sender', ['beta']))
  assert.equal(second.code, 2)
  assert.match(second.err, /its project is 'alpha', not 'beta'/)
  const { rowCount } = await given.backend.db.pool.query('select 1 from instance where sop_instance_uid = $1', [
    uidOf('two tokens', 2),
  ])
  assert.equal(rowCount, 0)
})

test('a token that may not, a project that is not open, an address that is none: told before anything is sent', async () => {
  await given.workshop.put('1', objectOf('access', 1))
  const expect = async (args: string[], env: Record<string, string>, code: number, words: RegExp): Promise<void> => {
    const outcome = await given.workshop.run([given.workshop.source, ...args], env)
    assert.match(outcome.err, words)
    assert.equal(outcome.code, code)
  }
  const here = ['--to', given.backend.url]
  await expect(here, { INSTANDT_TOKEN: 'ndt_wrong' }, 3, /does not accept the token/)
  await expect(here, await tokenOf('reader', ['alpha']), 3, /may store into no project/)
  await expect(here, await tokenOf('sender', ['alpha', 'beta']), 2, /--project: it may store into alpha, beta/)
  await expect(
    [...here, '--project', 'beta'],
    await tokenOf('sender', ['alpha']),
    3,
    /may not store into the project 'beta'/,
  )
  await expect(here, {}, 2, /INSTANDT_TOKEN/)
  const some = { INSTANDT_TOKEN: 'ndt_some' }
  await expect(['--to', 'http://ndt.example.com'], some, 2, /in the clear/)
  await expect(['--to', 'https://a:b@ndt.example.com'], some, 2, /must not hold a name or password/)
  await expect(['--to', `${given.backend.url}/dicom-web`], some, 2, /scheme, host and port alone/)
  await expect(['--to', 'http://127.0.0.1:1'], some, 4, /no answer/)
  await expect(['--to', given.backend.url.replace('http:', 'https:')], some, 3, /does not speak TLS/)
  assert.equal((await given.workshop.run(['/nowhere/at/all', ...here])).code, 2)
  assert.match((await given.workshop.run([...here])).err, /takes one word/)
})

test('objects go to the project that is named; what another one has is not stored twice', async () => {
  await given.workshop.put('1', objectOf('project', 1))
  await given.workshop.put('11', objectOf('project', 11))
  const both = await tokenOf('sender', ['alpha', 'beta'])
  await rm(path.join(given.workshop.source, '11'))
  assert.equal(
    (await given.workshop.run([given.workshop.source, '--to', given.backend.url, '--project', 'beta'], both)).code,
    0,
  )
  const { rows } = await given.backend.db.pool.query<{ slug: string }>(
    'select p.slug from instance i join project p on p.id = i.project_id where sop_instance_uid = $1',
    [uidOf('project', 1)],
  )
  assert.deepEqual(rows, [{ slug: 'beta' }])
  const report = path.join(given.workshop.folder, 'alpha.jsonl')
  const other = await given.workshop.run(
    [given.workshop.source, '--to', given.backend.url, '--project', 'alpha', '--report', report],
    both,
  )
  assert.equal(other.code, 1)
  assert.match(await readFile(report, 'utf8'), /"result":"refused","reason":"stored already, in the project 'beta'"/)
})
