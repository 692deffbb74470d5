import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildStoreResponse, stringifyDataset } from '@instandt/dicom'
import type { SentAnswer, SendRequest } from './send-request.ts'
import { createUploadQueue, type UploadQueue } from './upload-queue.ts'

/** A file whose meta group says its UID. */
function dicomFile(uid: string): Blob {
  const head = new Uint8Array([...new Uint8Array(128), 0x44, 0x49, 0x43, 0x4d, 2, 0, 3, 0, 0x55, 0x49, uid.length, 0])
  return new Blob([head, uid, new Uint8Array(64)])
}

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

interface Run {
  queue: UploadQueue
  waits: number[]
  idle: () => Promise<void>
}

function start(send: SendRequest, options: { parallel?: number; maxTries?: number } = {}): Run {
  const waits: number[] = []
  let wake = (): void => undefined
  const queue = createUploadQueue({
    send,
    ...options,
    wait: async (milliseconds) => void waits.push(milliseconds),
    onChange: () => wake(),
  })
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (!queue.isActive()) resolve()
      }
      wake()
    })
  return { queue, waits, idle }
}

const files = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ path: `f/${index}.dcm`, file: dicomFile(`1.2.${index}`) }))
const statesOf = (queue: UploadQueue): string[] => [...new Set(queue.files.map(({ state }) => state))]

test('every file is sent exactly once, in as few requests as fit, no more at once than allowed', async () => {
  const sent: string[] = []
  let now = 0
  let most = 0
  let requests = 0
  const { queue, idle } = start(
    async ({ body }) => {
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
  queue.add(files(220))
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(new Set(sent).size, 220)
  assert.equal(sent.length, 220)
  assert.equal(requests, 5)
  assert.ok(most > 1 && most <= 3, `${most} at once`)
})

test('a busy server is asked again with growing pauses, then everything is stored', async () => {
  let tries = 0
  const { queue, waits, idle } = start(async ({ body }) =>
    ++tries <= 3 ? busy(tries === 2 ? 0 : 503) : success(await uidsIn(body)),
  )
  queue.add(files(3))
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(waits.length, 3)
  assert.ok((waits[2] ?? 0) > (waits[0] ?? 0) * 2, waits.join())
})

test('the pause the server asks for is kept', async () => {
  let tries = 0
  const { queue, waits, idle } = start(async ({ body }) =>
    ++tries === 1 ? { ...busy(503), retryAfter: 7 } : success(await uidsIn(body)),
  )
  queue.add(files(1))
  await idle()
  assert.deepEqual(waits, [7000])
})

test('after the last try the files fail, and "try again" sends them alone once more', async () => {
  let isUp = false
  const sent: string[][] = []
  const { queue, idle } = start(
    async ({ body }) => {
      const uids = await uidsIn(body)
      if (isUp) sent.push(uids)
      return isUp ? success(uids) : busy(503)
    },
    { maxTries: 2 },
  )
  queue.add(files(4))
  await idle()
  assert.deepEqual(statesOf(queue), ['failed'])
  isUp = true
  queue.retryFailed()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
  assert.equal(sent.flat().length, 4)
})

test('a request that is refused as a whole is sent file by file, so that one bad file fails alone', async () => {
  const { queue, idle } = start(async ({ body }) => {
    const uids = await uidsIn(body)
    return uids.includes('1.2.1') ? { ...busy(400), text: '' } : success(uids)
  })
  queue.add(files(3))
  await idle()
  assert.deepEqual(
    queue.files.map(({ state }) => state),
    ['stored', 'refused', 'stored'],
  )
})

test('a file that cannot be read any more fails by itself and says so', async () => {
  const gone = dicomFile('1.2.9')
  gone.slice = () => {
    throw new DOMException('gone', 'NotReadableError')
  }
  const { queue, idle } = start(async ({ body }) => success(await uidsIn(body)))
  queue.add([...files(2), { path: 'gone.dcm', file: gone }, { path: 'closed.dcm', file: undefined }])
  await idle()
  assert.deepEqual(
    queue.files.map(({ state, reason }) => [state, reason?.key]),
    [
      ['stored', undefined],
      ['stored', undefined],
      ['failed', 'unreadable'],
      ['failed', 'unreadable'],
    ],
  )
})

test('junk of the operating system is left out and never sent', async () => {
  let requests = 0
  const { queue, idle } = start(async ({ body }) => {
    requests += 1
    return success(await uidsIn(body))
  })
  queue.add(
    ['a/.DS_Store', 'Thumbs.db', 'DICOMDIR', 'empty.dcm'].map((path) => ({
      path,
      file: new Blob(path === 'empty.dcm' ? [] : ['x']),
    })),
  )
  await idle()
  assert.equal(requests, 0)
  assert.deepEqual(
    queue.files.map(({ reason }) => reason?.key),
    ['system', 'system', 'dicomdir', 'empty'],
  )
})

test('cancelling ends what is under way, and the same files can be sent afterwards', async () => {
  let isHeld = true
  const { queue, idle } = start(async ({ body }, signal) => {
    if (isHeld) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return signal.aborted ? busy(0) : success(await uidsIn(body))
  })
  queue.add(files(60))
  await new Promise((resolve) => setTimeout(resolve, 20))
  queue.cancel()
  assert.deepEqual(statesOf(queue), ['cancelled'])
  isHeld = false
  queue.retryFailed()
  await idle()
  assert.deepEqual(statesOf(queue), ['stored'])
})
