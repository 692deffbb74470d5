import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Change, type ChangePage, changePageSchema } from '@instandt/api'
import type { PoolClient } from 'pg'
import { inspectionFiles, instanceOf, post, remove, restore, seriesOf, studyOf } from '../archive.fixture.ts'
import { addChanges, forgetChanges, namedInstances, placeChanges } from '../data/changes.ts'
import { addProject, tokenHeaders } from '../identity.fixture.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let follower: Record<string, string>

before(async () => {
  backend = await startTestBackend()
  follower = await tokenHeaders(backend.db, 'follower', ['default'])
  await addProject(backend.db, 'other')
  for (const seed of ['a', 'b']) assert.equal((await backend.stow(inspectionFiles(seed, 1))).status, 200)
})
after(() => backend.stop())
beforeEach(() => backend.db.pool.query('delete from change; delete from webhook'))

async function ask(query: string, headers = follower): Promise<ChangePage> {
  const answer = await fetch(`${backend.url}/api/changes?${query}`, { headers })
  assert.equal(answer.status, 200, await answer.clone().text())
  return changePageSchema.parse(await answer.json())
}
const latest = async (): Promise<number> => (await ask('after=latest')).next
const codeOf = async (query: string): Promise<[number, string]> => {
  const answer = await fetch(`${backend.url}/api/changes?${query}`, { headers: follower })
  return [answer.status, ((await answer.json()) as { code: string }).code]
}
const marks = (page: { items: Change[] }): unknown[] => page.items.map((change) => change.detail['mark'])

/** A transaction that stays open until it is told to end. */
async function open(): Promise<{
  client: PoolClient
  tell: (seed: string, mark: string) => Promise<void>
  commit: () => Promise<void>
}> {
  const client = await backend.db.pool.connect()
  await client.query('begin')
  return {
    client,
    async tell(seed, mark) {
      await client.query('select from study where study_instance_uid = $1 for update', [studyOf(seed)])
      await addChanges(client, [{ kind: 'stored', studyInstanceUid: studyOf(seed), detail: { mark } }])
    },
    async commit() {
      await client.query('commit')
      client.release()
    },
  }
}

/** Changes of one inspection, each in a transaction of its own. */
async function tellEach(...marks: string[]): Promise<void> {
  for (const mark of marks) {
    const transaction = await open()
    await transaction.tell('a', mark)
    await transaction.commit()
  }
}

test('a follower learns what happened to the images of its project, with component and order', async () => {
  const from = await latest()
  // One by one: how many share a commit is up to the machine.
  for (const file of inspectionFiles('new', 2)) assert.equal((await backend.stow([file])).status, 200)
  const deletion = await remove(backend, studyOf('new'), { instances: [instanceOf('new', 1)] })
  await restore(backend, deletion.id)
  const page = await ask(`after=${from}`)
  assert.deepEqual(
    page.items.map(({ kind, project, studyInstanceUid, componentNumber, componentName, orderNumber }) => [
      kind,
      project,
      studyInstanceUid,
      componentNumber,
      componentName,
      orderNumber,
    ]),
    ['stored', 'stored', 'deleted', 'restored'].map((kind) => [
      kind,
      'default',
      studyOf('new'),
      'B-new',
      'Blade new',
      'JOB-new',
    ]),
  )
  const [stored, , deleted] = page.items as [Change, Change, Change]
  assert.deepEqual(stored.detail, { count: 1, instances: [instanceOf('new', 0)] })
  assert.deepEqual(
    [deleted.detail['level'], deleted.detail['instances'], deleted.detail['remaining'], deleted.detail['reason']],
    ['instance', [instanceOf('new', 1)], 1, 'a test shot'],
  )
  assert.deepEqual([page.hasMore, (await ask(`after=${page.next}`)).items], [false, []])
})

test('a follower sees no image, and nothing of other projects', async () => {
  for (const place of ['/dicom-web/studies', `/api/inspections/${studyOf('a')}`, '/api/inspections'])
    assert.equal((await fetch(backend.url + place, { headers: follower })).status, 403, place)
  const other = await tokenHeaders(backend.db, 'follower', ['other'])
  const from = await latest()
  assert.equal((await backend.stow(inspectionFiles('unseen', 1))).status, 200)
  assert.deepEqual((await ask(`after=${from}`, other)).items, [])
  assert.deepEqual(await codeOf('project=other'), [404, 'project-not-found'])
  assert.equal((await ask(`after=${from}&project=default`)).items.length, 1)
  const sender = await tokenHeaders(backend.db, 'sender', ['default'])
  assert.equal((await fetch(`${backend.url}/api/changes`, { headers: sender })).status, 403)
})

test('a transaction that stays open neither holds up the others nor loses its own changes', async () => {
  const from = await latest()
  const slow = await open()
  await slow.tell('a', 'slow')
  const quick = await open()
  await quick.tell('b', 'quick')
  await quick.commit()
  const first = await ask(`after=${from}`)
  assert.deepEqual(marks(first), ['quick'])
  await slow.commit()
  assert.deepEqual(marks(await ask(`after=${first.next}`)), ['slow'])
  assert.deepEqual(marks(await ask(`after=${from}`)), ['quick', 'slow'])
})

test('two changes of one inspection come in the order of their commits, whichever transaction began first', async () => {
  const from = await latest()
  const early = await open()
  // Its transaction id is taken now, long before it comes to the inspection.
  await early.client.query('select pg_current_xact_id()')
  await early.tell('b', 'early, of another')
  const late = await open()
  await late.tell('a', 'late')
  const waiting = early.tell('a', 'early')
  await late.commit()
  await waiting
  await early.commit()
  const found = marks(await ask(`after=${from}`))
  assert.ok(found.indexOf('late') < found.indexOf('early'), JSON.stringify(found))
})

test('many writers and readers at once: every reader sees every change once, each inspection in its order', async () => {
  const from = await latest()
  const writers = 6
  const each = 40
  let left = writers
  const write = async (writer: number): Promise<void> => {
    for (let step = 0; step < each; step += 1) {
      const seed = (writer + step) % 2 === 0 ? 'a' : 'b'
      const transaction = await open()
      await transaction.tell(seed, `${writer} ${step}`)
      if (step % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await transaction.commit()
    }
    left -= 1
  }
  const read = async (): Promise<Change[]> => {
    const seen: Change[] = []
    for (let after = from; ;) {
      const isLast = left === 0
      const page = await ask(`after=${after}&limit=7`)
      seen.push(...page.items)
      if (isLast && page.items.length === 0) return seen
      after = page.next
    }
  }
  const reading = [read(), read()]
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const { rows } = await backend.db.pool.query<{ study: string; mark: string }>(
    `select study_instance_uid as study, detail ->> 'mark' as mark from change order by id`,
  )
  for (const seen of await Promise.all(reading)) {
    assert.equal(seen.length, writers * each)
    assert.deepEqual(
      seen.map((change) => change.position),
      seen.map((change) => change.position).toSorted((a, b) => a - b),
    )
    // Ids of one inspection are given under its lock: they are the order of its commits.
    for (const seed of ['a', 'b'])
      assert.deepEqual(
        seen.filter((one) => one.studyInstanceUid === studyOf(seed)).map((one) => one.detail['mark']),
        rows.filter((row) => row.study === studyOf(seed)).map((row) => row.mark),
      )
  }
})

test('what comes back whole is counted, what comes back in part is named, up to a thousand', async () => {
  const from = await latest()
  assert.equal((await backend.stow(inspectionFiles('back', 2, 2))).status, 200)
  for (const chosen of [undefined, { series: seriesOf('back') }, { instances: [instanceOf('back', 1)] }])
    await restore(backend, (await remove(backend, studyOf('back'), chosen)).id)
  const { items } = await ask(`after=${from}&kinds=restored`)
  assert.deepEqual(
    items.map((one) => one.detail),
    [
      { level: 'study', count: 4 },
      { level: 'series', count: 2, series: seriesOf('back') },
      { level: 'instance', count: 1, instances: [instanceOf('back', 1)] },
    ],
  )
  const many = Array.from({ length: 1001 }, (_, index) => `2.25.${index}`)
  assert.deepEqual(namedInstances(many), { instances: many.slice(0, 1000), isCut: true })
  assert.deepEqual(namedInstances(many.slice(1)), { instances: many.slice(1) })
})

test('a page ends early when its changes are large, and loses none', async () => {
  const from = await latest()
  const large = 'x'.repeat(600_000)
  await tellEach(`0${large}`, `1${large}`, `2${large}`, '3')
  const page = await ask(`after=${from}&limit=1000`)
  assert.deepEqual([marks(page).map((mark) => String(mark)[0]), page.hasMore], [['0', '1'], true])
  const rest = await ask(`after=${page.next}&limit=1000`)
  assert.deepEqual([marks(rest).map((mark) => String(mark)[0]), rest.hasMore], [['2', '3'], false])
})

test('a page ends where it is told to, kinds narrow it, and a wrong cursor is named', async () => {
  const from = await latest()
  await tellEach('0', '1', '2', '3', '4')
  const deletion = await remove(backend, studyOf('b'))
  const page = await ask(`after=${from}&limit=2`)
  assert.deepEqual([marks(page), page.hasMore], [['0', '1'], true])
  assert.deepEqual(marks(await ask(`after=${page.next}&limit=2`)), ['2', '3'])
  const deleted = await ask(`after=${from}&kinds=deleted,purged`)
  assert.deepEqual(
    deleted.items.map((one) => one.kind),
    ['deleted'],
  )
  assert.equal(deleted.next, await latest())
  assert.deepEqual(await codeOf('kinds=eaten'), [400, 'malformed-query'])
  assert.deepEqual(await codeOf('after=soon'), [400, 'malformed-query'])
  assert.deepEqual(await codeOf(`after=${deleted.next + 1000}`), [400, 'malformed-cursor'])
  await post(backend, `/api/bin/${deletion.id}/restore`)
})

test('old changes are forgotten, and whoever missed them is told so; places are never given twice', async () => {
  const from = await latest()
  const scope = await readArchiveScope(backend.db)
  await tellEach('old', 'older', 'new')
  await placeChanges(backend.db)
  await backend.db.pool.query(
    `update change set at = now() - interval '91 days' where detail ->> 'mark' in ('old', 'older')`,
  )
  assert.equal(await forgetChanges(backend.db, scope, 90), 2)
  assert.deepEqual(marks(await ask('')), ['new'])
  assert.deepEqual(await codeOf('after=0'), [410, 'cursor-expired'])
  assert.deepEqual(await codeOf(`after=${from}`), [410, 'cursor-expired'])
  assert.deepEqual(marks(await ask(`after=${from + 2}`)), ['new'])
  await backend.db.pool.query(`update change set at = now() - interval '91 days'`)
  const end = await latest()
  assert.equal(await forgetChanges(backend.db, scope, 90), 1)
  await tellEach('after all')
  assert.deepEqual(
    (await ask(`after=${end}`)).items.map((one) => [one.position, one.detail['mark']]),
    [[end + 1, 'after all']],
  )
})

for (const state of ['active', 'paused'])
  test(`fresh changes stay, whatever a webhook that is ${state} has been told; old ones wait for it while it is active`, async () => {
    const scope = await readArchiveScope(backend.db)
    const from = await latest()
    await tellEach('told', 'first', 'second')
    await placeChanges(backend.db)
    await backend.db.pool.query(
      `insert into webhook (project_id, name, url, kinds, secret, position, state, created_by)
       select id, 'hook', 'https://example.com/', '{stored}', 'sealed', $1, $2, 'test' from project where slug = 'default'`,
      [from + 1, state],
    )
    assert.equal(await forgetChanges(backend.db, scope, 90), 0)
    assert.deepEqual(marks(await ask(`after=${from}`)), ['told', 'first', 'second'])
    await backend.db.pool.query(
      `update change set at = now() - interval '91 days' where detail ->> 'mark' in ('told', 'first')`,
    )
    const isWaitedFor = state === 'active'
    assert.equal(await forgetChanges(backend.db, scope, 90), isWaitedFor ? 1 : 2)
    const { rows } = await backend.db.pool.query<{ mark: string }>(
      `select detail ->> 'mark' as mark from change order by position`,
    )
    assert.deepEqual(
      rows.map((row) => row.mark),
      isWaitedFor ? ['first', 'second'] : ['second'],
    )
  })
