// Answers of many matches: what is repeated in each is bounded, and what changes meanwhile neither doubles nor loses one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tags } from '@instandt/dicom'
import { testCaller } from '@instandt/testkit'
import { attributesOf, buildInstance, sequenceOf, uidOf } from '@instandt/testkit/files'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

type Found = Record<string, { vr: string; Value?: unknown[] }>

test('what is too long to be repeated in every match is in the metadata only', async () => {
  const items = Array.from({ length: 70 }, (_, item) =>
    attributesOf({ RequestedProcedureID: `WO-${item}`, RequestedProcedureDescription: 'y'.repeat(64) }),
  )
  const long = { StudyDescription: 'Weld 17', PatientComments: 'x'.repeat(60_000), StudyComments: 'z'.repeat(23_000) }
  const attributes = {
    ...sequenceOf('RequestAttributesSequence', [...items, ...items, ...items]),
    ...attributesOf(long),
  }
  assert.equal((await backend.stow([buildInstance({ seed: 'long', attributes })])).status, 200)
  const answer = await backend.get('/dicom-web/instances')
  const text = await answer.text()
  assert.ok(text.length < 40_000, String(text.length))
  const [found] = JSON.parse(text) as Found[]
  assert.equal(found?.[tags.studyDescription]?.Value?.[0], 'Weld 17')
  assert.equal(found?.[tags.studyInstanceUid]?.Value?.[0], uidOf('long', 'study'))
  assert.equal(found?.[tags.studyComments]?.Value?.length, 1)
  assert.equal(found?.[tags.requestAttributesSequence], undefined)
  assert.equal(found?.[tags.patientComments], undefined)
  // It is found all the same.
  const search = await backend.get('/dicom-web/series?RequestAttributesSequence.RequestedProcedureID=WO-69')
  assert.equal(search.status, 200)
  const metadata = await backend.get(`/dicom-web/studies/${uidOf('long', 'study')}/metadata`)
  const [whole] = (await metadata.json()) as Found[]
  assert.equal(whole?.[tags.requestAttributesSequence]?.Value?.length, 210)
})

/** UIDs of a list, of which something changes when a part of it has been read; rejects when it is broken off. */
async function readWhile(address: string, meanwhile: () => Promise<void>): Promise<string[]> {
  const { pool } = backend.db
  const query = pool.query.bind(pool)
  let pages = 0
  Object.assign(pool, {
    async query(asked: { text?: string }, ...rest: never[]) {
      if (asked.text?.includes('study_attributes') === true && (pages += 1) === 3) await meanwhile()
      return query(asked as never, ...rest)
    },
  })
  try {
    const answer = await backend.get(address)
    const found = (await answer.json()) as Found[]
    assert.ok(pages >= 3, String(pages))
    return found.map((one) => String(one[tags.sopInstanceUid]?.Value?.[0]))
  } finally {
    Object.assign(pool, { query })
  }
}

test('a long list is that of one moment: nothing is told twice, and it is broken off when one has gone', async () => {
  const make = (number: number): Uint8Array =>
    buildInstance({
      seed: 'many',
      sopInstanceUid: uidOf('many', number),
      image: null,
      attributes: attributesOf({ InstanceNumber: number, ImageComments: 'seen' }),
    })
  for (let batch = 0; batch < 2; batch += 1) {
    const files = Array.from({ length: 500 }, (_, index) => make(10 + batch * 500 + index))
    assert.equal((await backend.stow(files)).status, 200)
  }
  const study = uidOf('many', 'study')
  const address = `/dicom-web/studies/${study}/instances?includefield=ImageComments`
  // Before all others.
  const uids = await readWhile(address, async () => void (await backend.stow([make(1)])))
  assert.deepEqual(
    uids,
    Array.from({ length: 1000 }, (_, index) => uidOf('many', 10 + index)),
  )
  const broken = readWhile(address, async () => {
    const answer = await fetch(`${backend.url}/api/inspections/${study}/delete`, {
      method: 'POST',
      headers: { ...testCaller, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'wrong part', instances: [uidOf('many', 1000)] }),
    })
    assert.equal(answer.status, 200, await answer.text())
  })
  await assert.rejects(broken)
})
