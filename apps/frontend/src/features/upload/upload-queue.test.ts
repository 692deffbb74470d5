import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import {
  ApiError,
  type KnownList,
  type RunningUpload,
  type SendRequest,
  type SentAnswer,
  type Upload,
} from '@instandt/api'
import { buildStoreResponse, stringifyDataset } from '@instandt/dicom'
import { intakeHere } from './here-intake.fixture.ts'
import type { QueueOptions, UploadQueue } from './queue-contract.ts'
import { createUploadQueue } from './upload-queue.ts'
import { makeZip } from './zip.fixture.ts'

/** A file whose meta group says its UID. */
function dicomBytes(uid: string, length = 64): Uint8Array<ArrayBuffer> {
  const head = [...new Uint8Array(128), 0x44, 0x49, 0x43, 0x4d, 2, 0, 3, 0, 0x55, 0x49, uid.length, 0]
  return new Uint8Array([...head, ...Buffer.from(uid), ...new Uint8Array(length)])
}
const dicomFile = (uid: string): Blob => new Blob([dicomBytes(uid)])
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const uidsIn = async (body: Blob): Promise<string[]> =>
  [...(await body.text()).matchAll(/UI.\0([0-9.]+)/gs)].map((match) => match[1] ?? '')

const success = (uids: readonly string[]): SentAnswer => ({
  status: 200,
  text: stringifyDataset(
    buildStoreResponse({ stored: uids.map((uid) => ({ sopClassUid: '1.2', sopInstanceUid: uid })), failed: [] }),
  ),
  requestId: '',
  retryAfter: undefined,
})
const busy = (status: number): SentAnswer => ({ status, text: '', requestId: '', retryAfter: undefined })

const problem = (status: number): ApiError =>
  new ApiError({ type: '', title: '', status, detail: '', code: 'x', requestId: '' })

function start(
  send: (body: Blob, signal: AbortSignal) => Promise<SentAnswer>,
  options: Partial<QueueOptions> = {},
): { queue: UploadQueue; idle: () => Promise<void>; until: (isSo: () => boolean) => Promise<void> } {
  let wake = (): void => undefined
  const sendRequest: SendRequest = ({ body }, _project, signal) => send(body, signal)
  const queue = createUploadQueue({
    intake: intakeHere(),
    send: sendRequest,
    startLarge: () => assert.fail('no large file was given'),
    findKnown: () => Promise.resolve({ items: [] }),
    findOpen: () => Promise.resolve({ items: [] }),
    isReachable: () => Promise.resolve(true),
    project: () => undefined,
    firstPause: 2,
    onChange: () => wake(),
    ...options,
  })
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (isSo()) resolve()
      }
      wake()
    })
  return { queue, until, idle: () => until(() => !queue.isActive()) }
}

const store = async (body: Blob): Promise<SentAnswer> => success(await uidsIn(body))
const files = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ path: `f/${index}.dcm`, file: dicomFile(`1.2.${index}`) }))
const statesOf = (queue: UploadQueue): string[] => [...new Set(queue.files.map(({ state }) => state))]
const outcomes = (queue: UploadQueue) => queue.files.map(({ path, state, reason }) => [path, state, reason?.key])

test('every file is sent exactly once, in few requests, no more at once than allowed, with its hash', async () => {
  const sent: string[] = []
  let now = 0
  let most = 0
  let requests = 0
  const { queue, idle } = start(
    async (body) => {
      now += 1
      requests += 1
      most = Math.max(most, now)
      const uids = await uidsIn(body)
      sent.push(...uids)
      await new Promise((resolve) => setTimeout(resolve, 2))
      now -= 1
      return success(uids)
    },
    { parallel: 3 },
  )
  queue.add(files(420))
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(sent.length, 420)
  assert.equal(new Set(sent).size, 420)
  assert.ok(requests < 30, `${requests} requests`)
  assert.ok(most <= 3, `${most} at once`)
  assert.equal(queue.files[7]?.sha256, hashOf(dicomBytes('1.2.7')))
  assert.ok(queue.files.every(({ settledAt }) => settledAt !== undefined))
})

test('what the server has already is not sent; in another project it is', async () => {
  const sent: string[] = []
  const items: KnownList['items'] = ['1.2.0', '1.2.1'].map((uid, index) => ({
    sha256: hashOf(dicomBytes(uid)),
    project: index === 0 ? 'welds' : 'castings',
    studyInstanceUid: '9.9',
    seriesInstanceUid: '9.9.1',
    sopInstanceUid: uid,
  }))
  const { queue, idle } = start(
    async (body) => {
      sent.push(...(await uidsIn(body)))
      return store(body)
    },
    { project: () => 'welds', findKnown: () => Promise.resolve({ items }) },
  )
  queue.add(files(3))
  await idle()
  assert.deepEqual(sent.sort(), ['1.2.1', '1.2.2'])
  assert.deepEqual(
    queue.files.map(({ state, studyInstanceUid }) => [state, studyInstanceUid]),
    [
      ['present', '9.9'],
      ['stored', undefined],
      ['stored', undefined],
    ],
  )
})

test('the same bytes chosen twice travel once, and a second time only when the first failed', async () => {
  let requests = 0
  const { queue, idle } = start(async (body) => {
    requests += 1
    return requests === 1 ? busy(400) : store(body)
  })
  queue.add([...files(1), ...files(1), ...files(1)])
  await idle()
  assert.deepEqual(
    queue.files.map(({ state }) => state),
    ['refused', 'stored', 'present'],
  )
  assert.equal(requests, 2)
})

test('a server that is away is waited for, however long', async () => {
  let tries = 0
  const { queue, idle } = start(async (body) => (++tries <= 12 ? busy(tries % 2 ? 0 : 503) : store(body)), {
    isReachable: () => Promise.resolve(false),
    parallel: 1,
    firstPause: 0.01,
  })
  queue.add(files(1))
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(tries, 13)
})

test('the pause the server asks for is kept, and told', async () => {
  let tries = 0
  const { queue, idle, until } = start(async (body) => (++tries === 1 ? { ...busy(503), retryAfter: 1 } : store(body)))
  const began = Date.now()
  queue.add(files(1))
  await until(() => queue.retryAt() !== undefined)
  assert.ok((queue.retryAt() ?? 0) - began > 900)
  await idle()
  assert.ok(Date.now() - began > 900)
})

test('a request that alone gets no answer from a server that is there fails in the end; "try again" sends it', async () => {
  let isUp = false
  let sent = 0
  const { queue, idle } = start(async (body) => {
    const uids = await uidsIn(body)
    if (isUp) sent += uids.length
    return isUp || !uids.includes('1.2.1') ? success(uids) : busy(0)
  })
  queue.add(files(4))
  await idle()
  assert.deepEqual(
    queue.files.map(({ state }) => state),
    ['stored', 'failed', 'stored', 'stored'],
  )
  isUp = true
  queue.retryFailed()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(sent, 1)
})

test('a request that is refused as a whole is sent file by file, so that one bad file fails alone', async () => {
  const { queue, idle } = start(async (body) => {
    const uids = await uidsIn(body)
    return uids.includes('1.2.1') ? busy(400) : success(uids)
  })
  queue.add(files(3))
  await idle()
  assert.deepEqual(
    queue.files.map(({ state }) => state),
    ['stored', 'refused', 'stored'],
  )
})

test('a file that cannot be read fails by itself and says so', async () => {
  const gone = dicomFile('1.2.9')
  gone.slice = () => {
    throw new DOMException('gone', 'NotReadableError')
  }
  const { queue, idle } = start(store)
  queue.add([...files(1), { path: 'gone.dcm', file: gone }, { path: 'closed.dcm', file: undefined }])
  await idle()
  assert.deepEqual(outcomes(queue), [
    ['f/0.dcm', 'stored', undefined],
    ['gone.dcm', 'failed', 'unreadable'],
    ['closed.dcm', 'failed', 'unreadable'],
  ])
})

test('junk is left out by name, other files are refused by their bytes; none is sent', async () => {
  const { queue, idle } = start(() => assert.fail('something was sent'))
  const named = ['a/.DS_Store', 'DICOMDIR', 'empty.dcm'].map((path) => ({
    path,
    file: new Blob(path === 'empty.dcm' ? [] : ['x']),
  }))
  const bytes = (path: string, ...content: (string | number[])[]) => ({
    path,
    file: new Blob(content.map((one) => (typeof one === 'string' ? one : new Uint8Array(one)))),
  })
  queue.add([
    ...named,
    bytes('film.dcm', [0x49, 0x49, 42, 0, 8, 0, 0, 0]),
    bytes('readme.txt', 'The report follows.'),
    bytes('old.7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0]),
  ])
  await idle()
  assert.deepEqual(outcomes(queue), [
    ['a/.DS_Store', 'skipped', 'system'],
    ['DICOMDIR', 'skipped', 'dicomdir'],
    ['empty.dcm', 'skipped', 'empty'],
    ['film.dcm', 'refused', 'notConverted'],
    ['readme.txt', 'refused', 'notDicom'],
    ['old.7z', 'refused', 'packed'],
  ])
})

test('an archive is unpacked, the one in it too, and every file has its own outcome', async () => {
  const inner = await makeZip({ 'c.dcm': dicomBytes('1.2.3') })
  const innermost = await makeZip({
    'deep.zip': new Uint8Array(await (await makeZip({ 'd.dcm': dicomBytes('1.2.4') })).arrayBuffer()),
  })
  const archive = await makeZip({
    'IMAGES/a.dcm': dicomBytes('1.2.1', 100_000),
    'IMAGES/b.dcm': { bytes: dicomBytes('1.2.2'), level: 0 },
    DICOMDIR: dicomBytes('1.2.5'),
    'secret.dcm': { bytes: dicomBytes('1.2.6'), password: 'seven' },
    'notes.txt': new TextEncoder().encode('nothing to see'),
    'inner.zip': new Uint8Array(await inner.arrayBuffer()),
    'more.zip': new Uint8Array(await innermost.arrayBuffer()),
  })
  const { queue, idle } = start(store)
  queue.add([{ path: 'disc.zip', file: archive }])
  await idle()
  assert.deepEqual(
    outcomes(queue).sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    [
      ['disc.zip', 'skipped', 'unpacked'],
      ['disc.zip/DICOMDIR', 'skipped', 'dicomdir'],
      ['disc.zip/IMAGES/a.dcm', 'stored', undefined],
      ['disc.zip/IMAGES/b.dcm', 'stored', undefined],
      ['disc.zip/inner.zip', 'skipped', 'unpacked'],
      ['disc.zip/inner.zip/c.dcm', 'stored', undefined],
      ['disc.zip/more.zip', 'skipped', 'unpacked'],
      ['disc.zip/more.zip/deep.zip', 'refused', 'zipDepth'],
      ['disc.zip/notes.txt', 'refused', 'notDicom'],
      ['disc.zip/secret.dcm', 'refused', 'zipEncrypted'],
    ],
  )
  const unpacked = queue.files.find(({ path }) => path.endsWith('a.dcm'))
  assert.equal(unpacked?.sha256, hashOf(dicomBytes('1.2.1', 100_000)))
  assert.equal(unpacked.file, undefined, 'unpacked bytes are let go')
})

test('pausing stops requests under way and begins none; going on sends everything', async () => {
  let isHeld = true
  let requests = 0
  const { queue, idle, until } = start(async (body, signal) => {
    requests += 1
    if (isHeld) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return signal.aborted ? busy(0) : store(body)
  })
  queue.add(files(120))
  await until(() => requests > 0)
  queue.pause()
  const before = requests
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(queue.stopped(), 'paused')
  assert.equal(requests, before)
  assert.ok(queue.files.every(({ state }) => state === 'queued' || state === 'reading'))
  isHeld = false
  queue.resume()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(queue.stopped(), undefined)
})

for (const [place, atKnown] of [
  ['while asking what is known', true],
  ['while sending', false],
] as const) {
  test(`a session that ends ${place} stops the upload, and nothing fails`, async () => {
    let isIn = false
    const { queue, idle, until } = start(async (body) => (isIn ? store(body) : busy(401)), {
      findKnown: () => (atKnown && !isIn ? Promise.reject(problem(401)) : Promise.resolve({ items: [] })),
    })
    queue.add(files(60))
    await until(() => queue.stopped() === 'signed-out')
    isIn = true
    queue.resume()
    await idle()
    assert.deepEqual(statesOf(queue), ['stored'])
  })
}

test('cancelling ends what is under way, and the same files can be sent afterwards', async () => {
  let isHeld = true
  const { queue, idle, until } = start(async (body, signal) => {
    if (isHeld) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return signal.aborted ? busy(0) : store(body)
  })
  queue.add(files(60))
  await until(() => queue.files.some(({ state }) => state === 'sending'))
  queue.cancel()
  assert.deepEqual(statesOf(queue), ['cancelled'])
  isHeld = false
  queue.retryFailed()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
})

const sentOf = (byteSize: number) => ({
  id: 'x',
  byteSize,
  receivedBytes: byteSize,
  sentBytes: byteSize,
  readBytes: 0,
  retryAt: undefined,
  isFull: false,
})

/** An upload that is neither paused nor cancelled. */
const untouched = (done: Promise<Upload>): RunningUpload => ({
  done,
  progress: () => assert.fail(),
  pause() {},
  resume() {},
  cancel() {},
  drop: async () => false,
})

test('large files travel in parts one after another; the next begins while the server still reads the first', async () => {
  const begun: { id: string | undefined; end: () => void; transferred: () => void }[] = []
  const bytes = (number: number): Blob => new Blob([dicomBytes(`1.2.${number}`, 5000)])
  const open = { id: 'left-over', sha256: hashOf(dicomBytes('1.2.2', 5000)), byteSize: bytes(2).size, project: 'p' }
  const { queue, idle, until } = start(store, {
    largeFrom: 4096,
    findOpen: () => Promise.resolve({ items: [open as Upload] }),
    startLarge(file, onChange): RunningUpload {
      const { promise, resolve } = Promise.withResolvers<Upload>()
      const progress = sentOf(file.size)
      const uids = { studyInstanceUid: '9', seriesInstanceUid: '9.1', sopInstanceUid: '9.1.1', sopClassUid: '1' }
      const outcome = { kind: 'stored', ...uids, sha256: file.sha256 }
      begun.push({
        id: file.uploadId,
        transferred: () => onChange({ ...progress, phase: 'assembling' }),
        end: () => resolve({ outcome } as Upload),
      })
      return untouched(promise)
    },
  })
  queue.add([1, 2].map((number) => ({ path: `${number}.dcm`, file: bytes(number) })))
  await until(() => begun.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(begun.length, 1)
  begun[0]?.transferred()
  await until(() => begun.length === 2)
  assert.equal(begun[1]?.id, 'left-over', 'the upload that was left in the middle goes on')
  for (const one of begun) one.end()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.deepEqual(
    queue.files.map(({ sopInstanceUid }) => sopInstanceUid),
    ['9.1.1', '9.1.1'],
  )
})

test('another file than the one that is to go on is refused', async () => {
  const { queue, idle } = start(() => assert.fail('something was sent'))
  queue.add([{ path: 'a.dcm', file: dicomFile('1.2.3'), expectedSha256: hashOf(dicomBytes('1.2.4')) }])
  await idle()
  assert.deepEqual(outcomes(queue), [['a.dcm', 'refused', 'notSame']])
})

test('a server that falls behind gets no more large files than it takes', async () => {
  const ends: (() => void)[] = []
  const { queue, idle } = start(store, {
    largeFrom: 1,
    startLarge(file, onChange): RunningUpload {
      const { promise, resolve } = Promise.withResolvers<Upload>()
      const { size: byteSize } = file
      const uids = { studyInstanceUid: '9', seriesInstanceUid: '9.1', sopInstanceUid: '9.1.1', sopClassUid: '1' }
      ends.push(() => resolve({ outcome: { kind: 'stored', ...uids, sha256: file.sha256 } } as Upload))
      const progress = sentOf(byteSize)
      setTimeout(() => onChange({ ...progress, phase: 'assembling' }))
      return untouched(promise)
    },
  })
  queue.add(Array.from({ length: 70 }, (_, index) => ({ path: `${index}.dcm`, file: dicomFile(`1.3.${index}`) })))
  const settled = async (): Promise<number> => {
    for (let before = -1; before < ends.length;) {
      before = ends.length
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    return ends.length
  }
  assert.equal(await settled(), 50)
  for (const end of ends.slice(0, 8)) end()
  assert.equal(await settled(), 58)
  const all = setInterval(() => ends.forEach((end) => end()), 5)
  await idle()
  clearInterval(all)
  assert.deepEqual([ends.length, statesOf(queue)], [70, ['stored']])
})
