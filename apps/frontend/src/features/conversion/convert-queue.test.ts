// What becomes of files when somebody cancels, the line breaks or another file is chosen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, type ConversionForm, type Upload } from '@instandt/api'
import { convertAll, type ConvertDeps, type ConvertRow, type LeftUpload } from './convert-queue.ts'
import { settled, storedAs, watchedUploads } from './uploads.fixture.ts'

const form = {} as ConversionForm

/** Three files and uploads of them; `isInTime`: what a drop comes to. */
function watched(isInTime = true) {
  const { begun, start } = watchedUploads(isInTime)
  const rows = new Map<string, ConvertRow>()
  const deps: ConvertDeps = {
    hash: async (file) => `hash of ${await file.text()}`,
    start,
    onChange: (row) => void rows.set(row.id, row),
    onUpload: () => undefined,
  }
  const files = ['a', 'b', 'c'].map((name, at): ConvertRow => {
    return { id: name, number: at + 1, file: new File([name], `${name}.tif`), state: 'waiting', share: 0 }
  })
  const stop = new AbortController()
  const run = (chosen = files): Promise<void> =>
    convertAll(
      chosen,
      ({ number }) => ({ project: 'weld', content: { kind: 'convert', number, form } }),
      deps,
      stop.signal,
    )
  return { begun, rows, run, stop, files }
}

test('two files are on their way at once, each with its hash; what becomes of them is told', async () => {
  const { begun, rows, run } = watched()
  const running = run()
  await settled()
  assert.deepEqual(
    begun.map(({ name, sha256 }) => [name, sha256]),
    [
      ['a.tif', 'hash of a'],
      ['b.tif', 'hash of b'],
    ],
  )
  begun[0]!.tell({ sentBytes: 1 })
  assert.deepEqual([rows.get('a')?.state, rows.get('a')?.share], ['sending', 1])
  begun[0]!.end(storedAs(3))
  begun[1]!.fail(new ApiError({ status: 413, code: 'file-too-large', title: '', detail: 'too large' } as never))
  await settled()
  begun[2]!.end({ outcome: { kind: 'refused', comment: 'cut off' } } as unknown as Upload)
  await running
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => [rows.get(id)?.state, rows.get(id)?.reason, rows.get(id)?.objectCount]),
    [
      ['stored', undefined, 3],
      ['failed', 'too large', undefined],
      ['refused', 'cut off', undefined],
    ],
  )
})

test('cancelled in time a file waits again, too late it is followed to its end; others are not begun', async () => {
  for (const isInTime of [true, false]) {
    const { begun, rows, run, stop } = watched(isInTime)
    const running = run()
    await settled()
    stop.abort()
    await settled()
    assert.deepEqual(
      begun.map(({ drops }) => drops),
      [1, 1],
    )
    if (!isInTime) for (const one of begun) one.end(storedAs(1))
    await running
    assert.equal(rows.get('a')?.state, isInTime ? 'waiting' : 'stored')
    assert.equal(rows.get('c'), undefined)
  }
})

test('an upload that was left in the middle goes on with the same file, and with no other', async () => {
  const { begun, rows, run, files } = watched()
  const left = (of: string): LeftUpload =>
    ({ id: `left ${of}`, sha256: `hash of ${of}`, name: `films/${of}.tif`, project: 'weld' }) as LeftUpload
  const running = run([
    { ...files[0]!, left: left('a') },
    { ...files[1]!, left: left('another') },
  ])
  await settled()
  assert.deepEqual(
    begun.map(({ id, name }) => [id, name]),
    [['left a', 'films/a.tif']],
  )
  begun[0]!.end(storedAs(1))
  await running
  assert.deepEqual([rows.get('a')?.state, rows.get('b')?.state, rows.get('b')?.fault], ['stored', 'refused', 'notSame'])
})
