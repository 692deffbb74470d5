import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { getItems, getWholeText, readHeader, tags } from '@instandt/dicom'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import {
  checkTotals,
  inspectionFiles,
  instanceOf,
  post,
  retrieveInstance,
  seriesOf,
  studyOf,
} from '../archive.fixture.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctionsOf } from './correction.fixture.ts'
import { earlierHashes } from './hash-chain.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const { work, order, correct, history, versions, version } = correctionsOf(() => backend)

const etags = async (seed: string): Promise<(string | null)[]> =>
  Promise.all(
    [
      `/dicom-web/studies/${studyOf(seed)}`,
      `/dicom-web/studies/${studyOf(seed)}/metadata`,
      `/dicom-web/studies/${studyOf(seed)}/series/${seriesOf(seed)}/instances/${instanceOf(seed, 0)}`,
    ].map(async (place) => {
      const answer = await backend.get(place, { accept: '*/*' })
      await answer.arrayBuffer()
      return answer.headers.get('etag')
    }),
  )

test('a corrected inspection is found, shown and sent with the new values; the original stays', async () => {
  const files = inspectionFiles('typo', 3, 2)
  assert.equal((await backend.stow(files)).status, 200)
  const before = await etags('typo')
  const done = await correct('typo', {
    componentNumber: 'KN-8/0815',
    componentName: 'Größe 8',
    orderNumber: null,
    date: '20261124',
  })
  assert.deepEqual(
    [done.state, done.instanceCount, done.doneCount, done.reason, done.actorName, done.fault],
    ['done', 6, 6, 'typing error', 'tests', null],
  )
  assert.deepEqual(done.before, {
    componentName: ['Blade typo'],
    componentNumber: ['B-typo'],
    orderNumber: ['JOB-typo'],
    date: ['20260518'],
  })

  const studies = async (query: string): Promise<number> => (await backend.get(`/dicom-web/studies?${query}`)).status
  assert.equal(await studies('PatientID=KN-8/0815'), 200)
  assert.equal(await studies('PatientID=B-typo'), 204)
  assert.equal(await studies('PatientName=gr%C3%B6sse*&StudyDate=20261124'), 200)
  const shown = (await (await backend.get(`/api/inspections/${studyOf('typo')}`)).json()) as Record<string, unknown>
  assert.deepEqual(
    [shown['componentName'], shown['componentNumber'], shown['orderNumber'], shown['date'], shown['instanceCount']],
    ['Größe 8', 'KN-8/0815', null, '20261124', 6],
  )
  await checkTotals(backend)
  for (const [index, tag] of (await etags('typo')).entries()) assert.notEqual(tag, before[index])

  for (const [index, file] of files.entries()) {
    const view = Math.floor(index / 3)
    const now = await retrieveInstance(backend, 'typo', index, view)
    const read = await readHeader([now])
    assert.deepEqual(
      [tags.patientId, tags.patientName, tags.accessionNumber, tags.studyDate].map((tag) =>
        getWholeText(read.dataset, tag),
      ),
      ['KN-8/0815', 'Größe 8', undefined, '20261124'],
    )
    assert.deepEqual(now.subarray(-64), file.subarray(-64), 'the pixels')
    assert.deepEqual(earlierHashes(read.dataset), [sha256(file)])
    const frame = await backend.get(
      `/dicom-web/studies/${studyOf('typo')}/series/${seriesOf('typo', view)}/instances/${instanceOf('typo', index)}/frames/1`,
      { accept: 'application/octet-stream' },
    )
    assert.deepEqual(Buffer.from(await frame.arrayBuffer()), file.subarray(-64))
    const list = await versions('typo', index)
    assert.deepEqual(
      list.map((one) => [one.version, one.isCurrent, one.sha256, one.correction]),
      [
        [2, true, sha256(now), done.id],
        [1, false, sha256(file), null],
      ],
    )
    assert.ok((await version('typo', index, 1)).equals(file))
    assert.ok((await version('typo', index, 2)).equals(now))
  }
  // The old file may be sent again: it is known.
  const again = await backend.stow([files[0] as Buffer])
  assert.equal(again.status, 200)
  assert.match(await again.text(), /PRESENT/)
  const { rows } = await backend.db.pool.query<{ step: string; before: unknown }>(
    `select detail ->> 'step' as step, detail -> 'before' as before from audit_event where action = 'image.correct' order by id`,
  )
  assert.deepEqual(rows, [
    { step: 'ordered', before: null },
    { step: 'done', before: done.before },
  ])
  const swept = await sweepOrphans(backend.deps, await readArchiveScope(backend.db), { graceHours: 0, isDryRun: true })
  assert.deepEqual(swept.quarantined, [])
})

test('a second correction stands on the first; what is right already gets no new file', async () => {
  const [one, two] = inspectionFiles('twice', 2) as [Buffer, Buffer]
  const odd = Buffer.from(
    buildInstance({
      studyInstanceUid: studyOf('twice'),
      seriesInstanceUid: seriesOf('twice'),
      sopInstanceUid: instanceOf('twice', 1),
      image: null,
      attributes: attributesOf({ PatientID: 'B-right', Modality: 'DX' }),
    }),
  )
  assert.equal((await backend.stow([one, odd])).status, 200)
  assert.ok(two.length > 0)
  const first = await correct('twice', { componentNumber: 'B-right' })
  assert.deepEqual([first.before, first.doneCount], [{ componentNumber: ['B-right', 'B-twice'] }, 1])
  assert.equal((await versions('twice', 1)).length, 1)
  await correct('twice', { componentNumber: 'B-3', material: 'Ti6Al4V', componentManufacturer: 'Gießerei Süd' })
  const list = await versions('twice', 0)
  assert.deepEqual(
    list.map((entry) => entry.version),
    [3, 2, 1],
  )
  const { dataset } = await readHeader([await version('twice', 0, 3)])
  assert.deepEqual(earlierHashes(dataset), [list[2]?.sha256, list[1]?.sha256])
  assert.equal(getItems(dataset, tags.originalAttributesSequence).length, 2)
  const { current, corrections } = await history('twice')
  assert.deepEqual([current['material'], current['componentManufacturer']], ['Ti6Al4V', 'Gießerei Süd'])
  assert.equal(corrections.length, 2)
  await checkTotals(backend)
})

test('another number joins the inspection to another component; one that has none left is gone', async () => {
  assert.equal((await backend.stow([...inspectionFiles('part-a', 1), ...inspectionFiles('part-b', 1)])).status, 200)
  await correct('part-b', { componentNumber: 'B-part-a' })
  const { rows } = await backend.db.pool.query(
    `select c.identity_key, count(*)::integer as studies from component c join study s on s.component_id = c.id
     where s.study_instance_uid in ($1, $2) group by 1`,
    [studyOf('part-a'), studyOf('part-b')],
  )
  assert.equal(rows.length, 1)
  await checkTotals(backend)
})

test('wrong values are named, and rights and addresses are those of the table', async () => {
  assert.equal((await backend.stow(inspectionFiles('refused', 1))).status, 200)
  for (const [changes, words] of [
    [{}, /names no attribute/],
    [{ orderNumber: 'x'.repeat(17) }, /orderNumber: is longer than 16/],
    [{ date: '20260231' }, /date: is no date/],
    [{ componentNumber: 'a\\b' }, /backslash/],
    [{ patientSex: 'F' }, /patientSex|[Uu]nrecognized/],
    [{ componentName: 7 }, /componentName/],
  ] as const) {
    const answer = await order('refused', changes)
    assert.equal(answer.status, 400)
    assert.match(String(answer.body['detail']), words)
  }
  assert.equal((await order('refused', { material: 'x' }, '')).status, 400)
  const levelOne = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { default: 'level-i' } })).id,
    backend.url,
  )
  const body = { changes: { material: 'x' }, reason: 'because' }
  assert.equal((await post(backend, `/api/inspections/${studyOf('refused')}/corrections`, body, levelOne)).status, 403)
  assert.equal((await post(backend, '/api/inspections/1.2.3/corrections', body)).code, 'inspection-not-found')
  assert.equal(await work(), 0)
  assert.equal((await backend.get(`/api/inspections/${studyOf('refused')}/instances/1.2/versions`)).status, 404)
  for (const number of ['2', '0', '-1', 'x'])
    assert.equal(
      (
        await backend.get(
          `/api/inspections/${studyOf('refused')}/instances/${instanceOf('refused', 0)}/versions/${number}`,
        )
      ).status,
      404,
    )
})
