// What becomes of files when somebody cancels, the line breaks or another file is chosen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, type ConversionForm, type RunningUpload, type Upload, type UploadProgress } from '@instandt/api'
import { convertAll, type ConvertDeps, type ConvertRow, type LeftUpload } from './convert-queue.ts'

const form = {} as ConversionForm
const stored = (objectCount: number): Upload =>
  ({ outcome: { kind: 'stored', studyInstanceUid: '1.2', objectCount } }) as unknown as Upload

interface Begun {
  name: string
  id: string | undefined
  sha256: string | undefined
  tell: (progress: Partial<UploadProgress>) => void
  end: (upload: Upload) => void
  fail: (error: unknown) => void
  drops: number
}

/** Uploads that end when the test says so; `isInTime`: what a drop comes to. */
function watched(isInTime = true) {
  const begun: Begun[] = []
  const rows = new Map<string, ConvertRow>()
  const deps: ConvertDeps = {
    hash: async (file) => `hash of ${await file.text()}`,
    start(source, file, id, onChange): RunningUpload {
      const { promise, resolve, reject } = Promise.withResolvers<Upload>()
      const progress = {
        phase: 'sending',
        id: 'u',
        byteSize: source.size,
        sentBytes: 0,
        readBytes: 0,
      } as UploadProgress
      const one: Begun = {
        name: file.name,
        id,
        sha256: file.sha256,
        tell: (more) => onChange({ ...progress, ...more }),
        end: resolve,
        fail: reject,
        drops: 0,
      }
      begun.push(one)
      return {
        done: promise,
        progress: () => progress,
        pause() {},
        resume() {},
        cancel() {},
        async drop() {
          one.drops += 1
          if (isInTime) reject(new DOMException('cancelled', 'AbortError'))
          return isInTime
        },
      }
    },
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
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
  return { begun, rows, run, stop, settled, files }
}

test('two files are on their way at once, each with its hash; what becomes of them is told', async () => {
  const { begun, rows, run, settled } = watched()
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
  begun[0]!.end(stored(3))
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
    const { begun, rows, run, stop, settled } = watched(isInTime)
    const running = run()
    await settled()
    stop.abort()
    await settled()
    assert.deepEqual(
      begun.map(({ drops }) => drops),
      [1, 1],
    )
    if (!isInTime) for (const one of begun) one.end(stored(1))
    await running
    assert.equal(rows.get('a')?.state, isInTime ? 'waiting' : 'stored')
    assert.equal(rows.get('c'), undefined)
  }
})

test('an upload that was left in the middle goes on with the same file, and with no other', async () => {
  const { begun, rows, run, settled, files } = watched()
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
  begun[0]!.end(stored(1))
  await running
  assert.deepEqual([rows.get('a')?.state, rows.get('b')?.state, rows.get('b')?.fault], ['stored', 'refused', 'notSame'])
})
