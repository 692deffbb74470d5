import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildStoreResponse, failureReasons, stringifyDataset, warningReasons } from '@instandt/dicom'
import { readStoreAnswer, type StoreAnswer } from './read-store-answer.ts'
import { storeAnswer } from './store-answer.ts'

const answer = (status: number, text: string): StoreAnswer => ({ status, text, requestId: 'r-1' })
const problem = (status: number, detail: string): StoreAnswer =>
  answer(status, JSON.stringify({ type: 'about:blank', title: 'x', status, detail, code: 'x', requestId: 'r-1' }))
const stored = (sopInstanceUid: string) => ({
  sopClassUid: '1.2',
  sopInstanceUid,
  retrieveUrl: `https://x.example/dicom-web/studies/1.2.3/series/4/instances/${sopInstanceUid}`,
})

test('each file gets the outcome of its own UID, whatever the order of the answer', () => {
  const dataset = buildStoreResponse({
    stored: [{ ...stored('1.3'), warningReason: warningReasons.coercionOfDataElements }, stored('1.1')],
    failed: [{ sopClassUid: '1.2', sopInstanceUid: '1.2', failureReason: failureReasons.duplicateSopInstance }],
  })
  const [first, second, third] = readStoreAnswer(answer(202, stringifyDataset(dataset)), [
    { sopInstanceUid: '1.1' },
    { sopInstanceUid: '1.2' },
    { sopInstanceUid: '1.3' },
  ])
  assert.deepEqual(first, { state: 'stored', studyInstanceUid: '1.2.3', sopInstanceUid: '1.1' })
  assert.deepEqual(second, { state: 'refused', reason: { key: '0111', code: '0111' } })
  assert.deepEqual(third, {
    state: 'warned',
    reason: { key: 'b000', code: 'B000' },
    studyInstanceUid: '1.2.3',
    sopInstanceUid: '1.3',
  })
})

test('the server\'s mark "present" means already there', () => {
  const item = {
    '00081155': { vr: 'UI', Value: ['1.1'] },
    [storeAnswer.creatorTag]: { vr: 'LO', Value: [storeAnswer.creator] },
    [storeAnswer.outcomeTag]: { vr: 'CS', Value: [storeAnswer.present] },
  }
  const text = JSON.stringify({ '00081199': { vr: 'SQ', Value: [item] } })
  assert.deepEqual(readStoreAnswer(answer(200, text), [{ sopInstanceUid: '1.1' }]), [
    { state: 'present', studyInstanceUid: undefined, sopInstanceUid: '1.1' },
  ])
})

test('a failure without a UID belongs to the only file of its request, with the words of the server', () => {
  const item = { '00081197': { vr: 'US', Value: [0xc123] }, '00000902': { vr: 'LO', Value: ['no preamble'] } }
  const text = JSON.stringify({ '0008119A': { vr: 'SQ', Value: [item] } })
  assert.deepEqual(readStoreAnswer(answer(409, text), [{}]), [
    { state: 'refused', reason: { key: 'c000', code: 'C123', text: 'no preamble' } },
  ])
})

test('files that an answer does not name are sent again one by one, and fail when it still says nothing', () => {
  const text = stringifyDataset(buildStoreResponse({ stored: [stored('1.1')], failed: [] }))
  assert.deepEqual(
    readStoreAnswer(answer(200, text), [{ sopInstanceUid: '1.1' }, { sopInstanceUid: '1.9' }])[1],
    'again',
  )
  assert.deepEqual(readStoreAnswer(answer(200, '{}'), [{ sopInstanceUid: '1.9' }]), [
    { state: 'failed', reason: { key: 'noAnswer' } },
  ])
})

test('no room and processing failed may be tried again, a refusal of the file may not', () => {
  for (const [failureReason, state] of [
    [failureReasons.outOfResources, 'failed'],
    [failureReasons.processingFailure, 'failed'],
    [failureReasons.cannotUnderstand, 'refused'],
    [failureReasons.missingAttribute, 'refused'],
  ] as const) {
    const text = stringifyDataset(
      buildStoreResponse({ stored: [], failed: [{ sopInstanceUid: '1.1', failureReason }] }),
    )
    const [verdict] = readStoreAnswer(answer(409, text), [{ sopInstanceUid: '1.1' }])
    assert.equal(typeof verdict === 'object' && verdict.state, state)
  }
})

test('an unknown reason is shown by its number', () => {
  const text = JSON.stringify({ '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0x0199] } }] } })
  assert.deepEqual(readStoreAnswer(answer(409, text), [{}]), [
    { state: 'refused', reason: { key: 'other', code: '0199' } },
  ])
})

test("a refused request of several files is sent file by file; of one file it is that file's", () => {
  assert.deepEqual(readStoreAnswer(problem(400, 'bad'), [{}, {}]), ['again', 'again'])
  assert.deepEqual(readStoreAnswer(problem(413, 'Too much.'), [{}]), [
    { state: 'refused', reason: { key: 'tooLarge', code: '413', text: 'Too much. · r-1' } },
  ])
})

test("no answer, a proxy's page and a fault of the server can be tried again", () => {
  assert.deepEqual(readStoreAnswer(answer(0, ''), [{}]), [{ state: 'failed', reason: { key: 'network' } }])
  for (const status of [500, 502, 503]) {
    const [verdict] = readStoreAnswer(answer(status, '<html>'), [{}])
    assert.equal(typeof verdict === 'object' && verdict.state, 'failed')
  }
})

test('a success whose text is no data set is no success', () => {
  const [verdict] = readStoreAnswer(answer(200, '<html>signed out</html>'), [{}])
  assert.notEqual(typeof verdict === 'object' && verdict.state, 'stored')
})
