import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { failedRenditionPageSchema, renditionQueueSchema } from '@instandt/api'
import { uidOf } from '@instandt/testkit/files'
import { claimRenditionJob } from '../data/rendition-jobs.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { bytesOf, type RenditionBackend, samples, startRenditionBackend } from './renditions.fixture.ts'

let backend: RenditionBackend
let headers: Record<string, string>
const nobody = '00000000-0000-4000-8000-000000000000'

before(async () => {
  backend = await startRenditionBackend()
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  headers = await sessionHeaders(backend.db, id, backend.url)
})
after(() => backend.stop())

const ask = (place: string, body?: object): Promise<Response> =>
  fetch(`${backend.url}/api/rendition-queue${place}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
const queue = async () => renditionQueueSchema.parse(await (await ask('')).json())
const failed = async (query = '') => failedRenditionPageSchema.parse(await (await ask(`/failed${query}`)).json())

test('the queue tells what waits, who works on what, and what was done', async () => {
  assert.deepEqual(await queue(), { thumbnails: 0, renditions: 0, failed: 0, finishedRecently: 0, working: [] })
  const image = { columns: 900, rows: 700, frame: () => bytesOf(samples(900, 700, 0)) }
  await backend.store('one', image)
  await backend.store('two', image)
  const scope = await readArchiveScope(backend.db)
  await claimRenditionJob(backend.db, scope, nobody)
  const working = [{ sopInstanceUid: uidOf('two', 'instance'), framesDone: 0, frameCount: null }]
  assert.deepEqual(await queue(), { thumbnails: 2, renditions: 0, failed: 0, finishedRecently: 0, working })
  await backend.db.pool.query(`update rendition_job set leased_until = now() - interval '1 second'`)
  assert.deepEqual((await queue()).working, [], 'a claim without a sign of life is nobody’s work')
  await backend.deriveAll()
  assert.deepEqual(await queue(), { thumbnails: 0, renditions: 0, failed: 0, finishedRecently: 2, working: [] })
})

test('what failed is listed page by page with its reason, and made again when it is told to', async () => {
  const truncated = { columns: 900, rows: 700, frame: () => new Uint8Array(40) }
  for (const seed of ['bad 1', 'bad 2', 'bad 3']) await backend.store(seed, truncated, '1.2.840.10008.1.2.4.80')
  await backend.deriveAll()
  assert.equal((await queue()).failed, 3)
  const first = await failed('?limit=2')
  assert.deepEqual(
    first.items.map(({ sopInstanceUid }) => sopInstanceUid),
    [uidOf('bad 3', 'instance'), uidOf('bad 2', 'instance')],
  )
  const [item] = first.items
  assert.deepEqual([item?.project, item?.studyInstanceUid], ['default', uidOf('study')])
  assert.match(item?.reason ?? '', /decode-failed/)
  const second = await failed(`?limit=2&cursor=${first.next}`)
  assert.deepEqual([second.items[0]?.sopInstanceUid, second.next], [uidOf('bad 1', 'instance'), null])

  const answer = await ask('/remake', { of: 'failed' })
  assert.deepEqual([answer.status, await answer.json()], [202, { count: 3 }])
  assert.deepEqual([(await queue()).failed, (await queue()).thumbnails], [0, 3])
  const whole = await ask('/remake', { of: { study: uidOf('study') } })
  assert.deepEqual(await whole.json(), { count: 5 })
  const { rows } = await backend.db.pool.query(
    `select count, study_instance_uid as study, actor_kind as kind from audit_event where action = 'archive.remake' order by id`,
  )
  assert.deepEqual(rows, [
    { count: 3, study: null, kind: 'local' },
    { count: 5, study: uidOf('study'), kind: 'local' },
  ])
  await backend.deriveAll()
  assert.equal((await queue()).failed, 3)
  assert.deepEqual(await (await ask('/remake', { of: { study: '1.2.3' } })).json(), { count: 0 })
})

test('what is asked for wrongly is named', async () => {
  for (const body of [{}, { of: 'everything' }, { of: { study: "1.2'; drop table" } }, { of: 'failed', also: 1 }]) {
    const answer = await ask('/remake', body)
    assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [400, 'malformed-body'])
  }
  assert.equal((await ask('/failed?cursor=x')).status, 400)
  assert.equal((await ask('/failed?limit=0')).status, 400)
})
