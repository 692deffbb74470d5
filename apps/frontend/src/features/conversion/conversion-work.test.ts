// What one person's files are sent as, and what becomes of them when the person leaves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversionForm, Upload } from '@instandt/api'
import { type ConversionWork, createConversionWork } from './conversion-work.ts'
import type { LeftUpload } from './convert-queue.ts'
import { emptyDraft } from './draft.ts'
import { type Begun, settled, storedAs, watchedUploads } from './uploads.fixture.ts'

const form = { component: { number: 'W-17' }, inspection: {} } as ConversionForm
const refused = { outcome: { kind: 'refused', comment: 'no TIFF' } } as unknown as Upload
const tiff = (name: string): File => new File([name], `${name}.tif`)

function begin() {
  const { begun, start } = watchedUploads()
  const owners: (string | undefined)[] = []
  const person = { id: 'petra' as string | undefined }
  let ends = 0
  const work = createConversionWork({
    hash: async (file) => `hash of ${await file.text()}`,
    start(owner, ...upload) {
      owners.push(owner)
      return start(...upload)
    },
    account: () => person.id,
    onChange: () => undefined,
    onEnd: () => (ends += 1),
  })
  const convert = (): Promise<void> => work.convertWaiting('weld', form, undefined)
  return { work, begun, owners, person, convert, ends: () => ends }
}

const contentOf = ({ content }: Begun) => content as Extract<Begun['content'], { kind: 'convert' }>
const statesOf = (work: ConversionWork): string[] => work.state().rows.map(({ state }) => state)

test('a second try is of the same inspection, files after all is stored are of another; no number comes twice', async () => {
  const { work, begun, convert } = begin()
  work.addFiles([tiff('a'), tiff('b')])
  work.removeRow(work.state().rows[0]?.id ?? '')
  work.addFiles([tiff('c')])
  const first = convert()
  await settled()
  begun[0]?.end(refused)
  begun[1]?.end(storedAs(1))
  await first
  assert.deepEqual(statesOf(work), ['refused', 'stored'])
  work.tryAgain()
  assert.deepEqual(statesOf(work), ['waiting', 'stored'])
  const second = convert()
  await settled()
  begun[2]?.end(storedAs(1))
  await second
  work.addFiles([tiff('d')])
  const third = convert()
  await settled()
  begun[3]?.end(storedAs(1))
  await third
  assert.deepEqual(
    begun.map((one) => contentOf(one)?.number),
    [2, 3, 2, 1],
  )
  const batches = begun.map((one) => contentOf(one)?.batch)
  assert.ok(batches[0] === batches[1] && batches[1] === batches[2] && batches[2] !== batches[3], batches.join())
})

test('a file offered twice is one; what is stored is cleared, and the rest stays', async () => {
  const { work, begun, convert, ends } = begin()
  const file = tiff('a')
  work.addFiles([file])
  work.addFiles([file, tiff('b')])
  assert.equal(work.state().rows.length, 2)
  const running = convert()
  await settled()
  assert.equal(work.state().isBusy, true)
  begun[0]?.end(storedAs(1))
  begun[1]?.end(refused)
  await running
  assert.deepEqual([work.state().isBusy, ends()], [false, 1])
  work.clearStored()
  assert.deepEqual(statesOf(work), ['refused'])
})

test('a calibration does not stay for the files of another inspection', async () => {
  const { work, begun, convert } = begin()
  work.setDraft({ ...emptyDraft, pixelSize: 'calibrated', values: { model: '2905', rowMm: '0.05' } })
  work.addFiles([tiff('a')])
  assert.equal(work.state().draft.pixelSize, 'calibrated')
  const running = convert()
  await settled()
  begun[0]?.end(storedAs(1))
  await running
  work.clearStored()
  work.addFiles([tiff('b')])
  assert.deepEqual([work.state().draft.pixelSize, work.state().draft.values], ['none', { model: '2905' }])
})

test('a calibration goes with the component it was sent for, though something of it is left in the list', async () => {
  const { work, begun, convert } = begin()
  const values = { componentNumber: 'W-17', rowMm: '0.05', columnMm: '0.05', calibration: 'ball 10 mm' }
  const calibrated = { ...emptyDraft, pixelSize: 'calibrated', values } as const
  work.setDraft(calibrated)
  work.addFiles([tiff('bad')])
  const running = convert()
  await settled()
  begun[0]?.end(refused)
  await running
  work.setDraft({ ...calibrated, values: { ...values, material: 'steel', componentNumber: 'W-17 ' } })
  assert.equal(work.state().draft.pixelSize, 'none', 'the material is of another component')
  work.setDraft(calibrated)
  work.setDraft({ ...calibrated, values: { ...values, operator: 'Jan' } })
  assert.equal(work.state().draft.pixelSize, 'calibrated')
  work.setDraft({ ...calibrated, values: { ...values, componentNumber: 'W-18' } })
  assert.deepEqual([work.state().draft.pixelSize, work.state().draft.values], ['none', { componentNumber: 'W-18' }])
  const anew = { ...calibrated, values: { ...values, componentNumber: 'W-18', rowMm: '0.07', columnMm: '0.07' } }
  work.setDraft(anew)
  assert.deepEqual(work.state().draft, anew)
})

test('cancelled is what is not stored, and it can be started anew', async () => {
  const { work, begun, convert } = begin()
  work.addFiles([tiff('a')])
  const running = convert()
  await settled()
  work.cancel()
  assert.equal(work.state().isCancelling, true)
  await running
  assert.deepEqual([statesOf(work), work.state().isCancelling, begun[0]?.drops], [['waiting'], false, 1])
  const again = convert()
  await settled()
  begun[1]?.end(storedAs(1))
  await again
  assert.deepEqual(statesOf(work), ['stored'])
})

test('all is sent as who chose the files, also after somebody else signed in; nobody else owns it', async () => {
  const { work, begun, owners, person, convert } = begin()
  work.setDraft(emptyDraft)
  assert.equal(work.owner(), 'petra')
  person.id = 'jan'
  work.addFiles([tiff('a')])
  const running = convert()
  await settled()
  assert.deepEqual([work.owner(), owners], ['petra', ['petra']])
  begun[0]?.tell({ sentBytes: 1 })
  work.leave()
  await running
  assert.deepEqual([begun[0]?.cancels, begun[0]?.drops], [1, 1])
})

test('who is signed out is waited for, and gone on with', async () => {
  const { work, begun, convert } = begin()
  work.addFiles([tiff('a')])
  const running = convert()
  await settled()
  work.resume()
  assert.equal(begun[0]?.resumes, 0)
  begun[0]?.tell({ phase: 'signed-out' })
  assert.equal(work.state().isSignedOut, true)
  work.resume()
  assert.equal(begun[0]?.resumes, 1)
  begun[0]?.tell({ phase: 'sending' })
  assert.equal(work.state().isSignedOut, false)
  begun[0]?.end(storedAs(1))
  await running
})

test('what was left in the middle goes on as it was meant then, at once also when it is tried again', async () => {
  const { work, begun } = begin()
  const content = { kind: 'convert', number: 7, form } as const
  const left: LeftUpload = { id: 'left', name: 'then.tif', sha256: 'hash of a', project: 'weld', content }
  const running = work.goOn(left, tiff('a'))
  await settled()
  begun[0]?.fail(new Error('gone'))
  await running
  assert.deepEqual(statesOf(work), ['failed'])
  work.tryAgain(work.state().rows[0]?.id)
  await settled()
  assert.deepEqual(
    begun.map(({ id, name, content: sent }) => [id, name, sent]),
    [
      ['left', 'then.tif', content],
      ['left', 'then.tif', content],
    ],
  )
  begun[1]?.end(storedAs(1))
  await settled()
  assert.deepEqual(statesOf(work), ['stored'])
})
