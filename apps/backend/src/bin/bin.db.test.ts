import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BinPage } from '@instandt/api'
import {
  blobKeys,
  checkTotals,
  inspectionFiles,
  instanceOf,
  post,
  remove,
  restore,
  retrieveInstance,
  seriesOf,
  studyOf,
} from '../archive.fixture.ts'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const count = async (sql: string, ...values: unknown[]): Promise<number> =>
  (await backend.db.pool.query<{ n: number }>(`select count(*)::integer as n from ${sql}`, values)).rows[0]?.n ?? -1

async function stow(files: readonly Buffer[]): Promise<void> {
  const answer = await backend.stow(files)
  assert.equal(answer.status, 200, await answer.text())
}

const statusOf = async (address: string): Promise<number> => {
  const answer = await backend.get(address, { accept: '*/*' })
  await answer.arrayBuffer()
  return answer.status
}

test('a deleted inspection is gone from every view at once, and comes back as it was', async () => {
  const files = inspectionFiles('whole', 3, 2)
  await stow(files)
  const study = studyOf('whole')
  const views = [
    `/dicom-web/studies/${study}`,
    `/dicom-web/studies/${study}/metadata`,
    `/dicom-web/studies/${study}/series/${seriesOf('whole', 1)}`,
    `/dicom-web/studies/${study}/series/${seriesOf('whole')}/instances/${instanceOf('whole', 0)}`,
    `/dicom-web/studies/${study}/series/${seriesOf('whole')}/instances/${instanceOf('whole', 0)}/frames/1`,
    `/api/inspections/${study}`,
    `/api/inspections/${study}/views/${seriesOf('whole')}/instances`,
  ]
  const searches = [
    `/dicom-web/studies?StudyInstanceUID=${study}`,
    `/dicom-web/series?SeriesInstanceUID=${seriesOf('whole')}`,
    `/dicom-web/instances?SOPInstanceUID=${instanceOf('whole', 0)}`,
    `/dicom-web/studies?PatientID=B-whole`,
  ]
  for (const view of [...views, ...searches]) assert.equal(await statusOf(view), 200, view)
  const row = async (): Promise<unknown> => (await backend.get(`/api/inspections/${study}`)).json()
  const before = (await row()) as object

  const deletion = await remove(backend, study, { reason: 'Wrong component on the table' })
  assert.deepEqual(
    [deletion.level, deletion.instanceCount, deletion.componentNumber, deletion.orderNumber, deletion.reason],
    ['study', 6, 'B-whole', 'JOB-whole', 'Wrong component on the table'],
  )
  assert.ok(Math.abs(Date.parse(deletion.purgeAt) - Date.now() - 30 * 86_400_000) < 60_000)
  for (const view of views) assert.equal(await statusOf(view), 404, view)
  for (const search of searches) assert.equal(await statusOf(search), 204, search)
  await checkTotals(backend)

  const bin = (await (await backend.get('/api/bin')).json()) as BinPage
  assert.ok(bin.items.some((one) => one.id === deletion.id))
  // The sweep leaves what lies in the bin.
  const swept = await sweepOrphans(backend.deps, await readArchiveScope(backend.db), { graceHours: 0, isDryRun: true })
  assert.deepEqual(swept.quarantined, [])

  assert.deepEqual(await restore(backend, deletion.id), {
    studyInstanceUid: study,
    restored: 6,
    alreadyStored: 0,
    differs: false,
  })
  for (const view of views) assert.equal(await statusOf(view), 200, view)
  assert.deepEqual(await row(), before)
  for (const [index, file] of files.entries())
    assert.ok((await retrieveInstance(backend, 'whole', index, Math.floor(index / 3))).equals(file))
  assert.equal((await post(backend, `/api/bin/${deletion.id}/restore`)).status, 404)
  await checkTotals(backend)
})

test('a view and single instances go alone, and the counts of what stays are right', async () => {
  await stow(inspectionFiles('parts', 3, 2))
  const study = studyOf('parts')
  const counts = async (): Promise<unknown> => {
    const { instanceCount, seriesCount, modalities, views } = (await (
      await backend.get(`/api/inspections/${study}`)
    ).json()) as {
      instanceCount: number
      seriesCount: number
      modalities: string[]
      views: { instanceCount: number }[]
    }
    return [seriesCount, instanceCount, modalities, views.map((view) => view.instanceCount)]
  }
  assert.deepEqual(await counts(), [2, 6, ['CT', 'DX'], [3, 3]])
  const two = await remove(backend, study, { instances: [instanceOf('parts', 0), instanceOf('parts', 2)] })
  assert.deepEqual(await counts(), [2, 4, ['CT', 'DX'], [1, 3]])
  const view = await remove(backend, study, { series: seriesOf('parts', 1) })
  assert.deepEqual([view.level, view.instanceCount], ['series', 3])
  assert.deepEqual(await counts(), [1, 1, ['DX'], [1]])
  const last = await remove(backend, study, { instances: [instanceOf('parts', 1)] })
  assert.equal(await statusOf(`/api/inspections/${study}`), 404)
  await checkTotals(backend)
  // In any order, each by itself.
  for (const [deletion, expected] of [
    [two, [1, 2, ['DX'], [2]]],
    [view, [2, 5, ['CT', 'DX'], [2, 3]]],
    [last, [2, 6, ['CT', 'DX'], [3, 3]]],
  ] as const) {
    await restore(backend, deletion.id)
    assert.deepEqual(await counts(), expected)
    await checkTotals(backend)
  }
  for (const table of ['deletion', 'bin_study', 'bin_series', 'bin_instance'])
    assert.equal(await count(table), 0, table)
})

test('what is not wholly there is not deleted, and why is asked for', async () => {
  await stow(inspectionFiles('kept', 2))
  const address = `/api/inspections/${studyOf('kept')}/delete`
  for (const [body, status, code] of [
    [{}, 400, 'malformed-body'],
    [{ reason: ' x ' }, 400, 'malformed-body'],
    [{ reason: 'because', series: '1.2.3' }, 404, 'view-not-found'],
    [{ reason: 'because', instances: [instanceOf('kept', 0), '1.2.3'] }, 404, 'instance-not-found'],
    [{ reason: 'because', series: seriesOf('kept'), instances: [instanceOf('kept', 0)] }, 400, 'malformed-body'],
    [{ reason: 'because', instances: [] }, 400, 'malformed-body'],
  ] as const) {
    const answer = await post(backend, address, body)
    assert.deepEqual([answer.status, answer.code], [status, code], JSON.stringify(body))
  }
  const unknown = await post(backend, '/api/inspections/1.2.3.4/delete', { reason: 'because' })
  assert.deepEqual([unknown.status, unknown.code], [404, 'inspection-not-found'])
  assert.equal(
    await count('instance i join study s on s.id = i.study_id where s.study_instance_uid = $1', studyOf('kept')),
    2,
  )
})

test('only Level III deletes and restores, and only what is theirs', async () => {
  await stow(inspectionFiles('rights', 1))
  await addProject(backend.db, 'elsewhere')
  const levelTwo = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { default: 'level-ii' } })).id,
    backend.url,
  )
  const stranger = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { elsewhere: 'level-iii' } })).id,
    backend.url,
  )
  const address = `/api/inspections/${studyOf('rights')}/delete`
  assert.equal((await post(backend, address, { reason: 'because' }, levelTwo)).status, 403)
  assert.equal((await post(backend, address, { reason: 'because' }, stranger)).code, 'inspection-not-found')
  const { id } = await remove(backend, studyOf('rights'))
  const bin = await fetch(`${backend.url}/api/bin`, { headers: stranger })
  assert.deepEqual(((await bin.json()) as BinPage).items, [])
  assert.equal((await post(backend, `/api/bin/${id}/restore`, {}, levelTwo)).status, 403)
  assert.equal((await post(backend, `/api/bin/${id}/restore`, {}, stranger)).code, 'deletion-not-found')
  await restore(backend, id)
})

test('the same UIDs can be stored again; what lies in the bin then waits or is refused', async () => {
  const files = inspectionFiles('again', 3)
  await stow(files)
  const first = await remove(backend, studyOf('again'))
  // The very same bytes for one, other ones for another.
  await stow(files.slice(0, 1))
  assert.deepEqual(await restore(backend, first.id), {
    studyInstanceUid: studyOf('again'),
    restored: 2,
    alreadyStored: 1,
    differs: false,
  })
  await checkTotals(backend)
  const second = await remove(backend, studyOf('again'))
  const others = inspectionFiles('again', 2, 1, { PatientComments: 'another shot' })
  await stow(others)
  const refused = await post(backend, `/api/bin/${second.id}/restore`)
  assert.deepEqual([refused.status, refused.code], [409, 'stored-again'])
  assert.match(String(refused.body['detail']), /^2 of the instances/)
  assert.ok((await retrieveInstance(backend, 'again', 0)).equals(others[0] as Buffer))
  assert.equal(await count('bin_instance where deletion_id = $1', second.id), 3)
  const third = await remove(backend, studyOf('again'))
  assert.equal((await restore(backend, second.id)).restored, 3)
  assert.ok((await retrieveInstance(backend, 'again', 0)).equals(files[0] as Buffer))
  assert.equal((await post(backend, `/api/bin/${third.id}/restore`)).code, 'stored-again')
  await checkTotals(backend)
})

test('an inspection stored into another project meanwhile is not added to', async () => {
  const files = inspectionFiles('abroad', 1)
  await stow(files)
  const { id } = await remove(backend, studyOf('abroad'))
  await addProject(backend.db, 'abroad')
  const sent = await fetch(`${backend.url}/dicom-web/projects/abroad/studies`, {
    method: 'POST',
    headers: { ...(await tokenHeaders(backend.db, 'sender', ['abroad'])), 'content-type': 'application/dicom' },
    body: files[0] as Uint8Array<ArrayBuffer>,
  })
  assert.equal(sent.status, 200)
  assert.equal((await post(backend, `/api/bin/${id}/restore`)).code, 'inspection-elsewhere')
})

test('deleting, restoring and storing at once: every file is stored or in the bin, and every count is right', async () => {
  const files = inspectionFiles('race', 24, 2)
  const study = studyOf('race')
  let isOver = false
  const remover = async (): Promise<number> => {
    let deletions = 0
    while (!isOver) {
      const which = [{}, { series: seriesOf('race', 1) }, { instances: [instanceOf('race', deletions % 48)] }][
        deletions % 3
      ]
      const { status, body } = await post(backend, `/api/inspections/${study}/delete`, { reason: 'a race', ...which })
      assert.ok(status === 200 || status === 404, JSON.stringify(body))
      if (status === 200) deletions += 1
      if (status === 200 && deletions % 2 === 0) {
        const back = await post(backend, `/api/bin/${String(body['id'])}/restore`)
        assert.ok(back.status === 200, JSON.stringify(back.body))
      }
    }
    return deletions
  }
  const sender = async (part: number): Promise<void> => {
    for (let round = 0; round < 6; round += 1)
      for (let index = part; index < files.length; index += 4) {
        const answer = await backend.stow([files[index] as Buffer])
        assert.equal(answer.status, 200, await answer.text())
      }
  }
  const removing = [remover(), remover()]
  await Promise.all([0, 1, 2, 3].map(sender))
  isOver = true
  const deletions = (await Promise.all(removing)).reduce((sum, one) => sum + one, 0)
  assert.ok(deletions > 10, `${deletions} deletions`)
  await checkTotals(backend)
  const everywhere = await count(
    `(select sop_instance_uid from instance i join study s on s.id = i.study_id where s.study_instance_uid = $1
      union select b.sop_instance_uid from bin_instance b join deletion d on d.id = b.deletion_id where d.study_instance_uid = $1) found`,
    study,
  )
  assert.equal(everywhere, files.length)
  const referenced = await count('(select blob_key from instance union all select blob_key from bin_instance) keys')
  assert.equal(
    (await blobKeys(backend, objectPrefix)).length,
    referenced,
    'no bytes without a row, no row without bytes',
  )
})

test('the tables of the bin hold every column of the live ones', async () => {
  const { rows } = await backend.db.pool.query(
    `select l.table_name, l.column_name from information_schema.columns l
     where l.table_name in ('study', 'series', 'instance') and not exists (
       select from information_schema.columns b where b.table_name = 'bin_' || l.table_name
         and b.column_name = l.column_name and b.data_type = l.data_type)`,
  )
  assert.deepEqual(rows, [], 'a migration that adds a column to one of them adds it to its twin in the bin')
})
