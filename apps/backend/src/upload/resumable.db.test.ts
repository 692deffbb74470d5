// The client that programs use, over a line that breaks, a server that ends, a session that is over.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  ApiError,
  createClient,
  SourceError,
  startUpload,
  UnreachableError,
  type UploadOptions,
  type UploadProgress,
  type UploadSource,
} from '@instandt/api'
import { type BadLine, signedFetch, startBadLine } from '@instandt/testkit'
import { buildInstance } from '@instandt/testkit/files'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { startJobs } from '../jobs/index.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let jobs: Awaited<ReturnType<typeof startJobs>>
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: 256 * 1024 })
  jobs = await startJobs(backend.deps)
})
after(async () => {
  await jobs.stop()
  await backend.stop()
})

const client = (url = backend.url, headers?: Record<string, string>): UploadOptions['client'] =>
  createClient((address, init) =>
    headers === undefined
      ? signedFetch(url + address, init)
      : fetch(url + address, { ...init, headers: { ...(init.headers as Record<string, string>), ...headers } }),
  )

/** Some 8 MiB: 33 parts. */
const fileOf = (seed: string): Blob & UploadSource =>
  new Blob([buildInstance({ seed, image: { rows: 2048, columns: 2048 } }) as Uint8Array<ArrayBuffer>])
const hashOf = async (file: Blob): Promise<string> =>
  createHash('sha256')
    .update(Buffer.from(await file.arrayBuffer()))
    .digest('hex')

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (condition()) return
    await delay(25)
  }
  throw new Error(`it never came to pass: ${what}`)
}

test('a file goes through in parts and its way is told', async () => {
  const file = fileOf('plain')
  const seen: UploadProgress[] = []
  const running = startUpload({
    client: client(),
    source: file,
    file: { name: 'a.dcm' },
    onChange: (now) => seen.push(now),
  })
  const ended = await running.done
  assert.equal(ended.outcome?.kind === 'stored' && ended.outcome.sha256, await hashOf(file))
  const phases = seen.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1])
  assert.deepEqual(phases, ['sending', 'assembling', 'done'])
  for (const [index, now] of seen.entries()) {
    assert.ok(now.receivedBytes >= (seen[index - 1]?.receivedBytes ?? 0), 'acknowledged bytes never become fewer')
    assert.ok(now.sentBytes >= now.receivedBytes && now.sentBytes <= file.size)
  }
  assert.deepEqual([running.progress().receivedBytes, running.progress().phase], [file.size, 'done'])
})

test('over a line that breaks again and again it ends well, and sends little twice', { timeout: 60_000 }, async () => {
  const file = fileOf('breaking')
  const line = await startBadLine({ target: backend.url, bytesPerSecond: 3 * 1024 * 1024, cutAfterMs: 5_000 })
  let drops = 0
  const breaking = setInterval(() => {
    if (drops < 5 && line.drop() > 0) drops += 1
  }, 350)
  try {
    const { outcome } = await startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' } }).done
    assert.equal(outcome?.kind === 'stored' && outcome.sha256, await hashOf(file))
    assert.equal(drops, 5)
    // What was under way at each break, at most four parts.
    assert.ok(line.bytesIn() - file.size <= 5 * 4 * 256 * 1024, `${line.bytesIn() - file.size} bytes twice`)
  } finally {
    clearInterval(breaking)
    await line.stop()
  }
})

test('a line so slow that requests are cut gets one part at a time through', { timeout: 120_000 }, async () => {
  const file = new Blob([
    buildInstance({ seed: 'slow', image: { rows: 900, columns: 900 } }) as Uint8Array<ArrayBuffer>,
  ])
  // One part takes a second; four at once would take four, and be cut.
  const line = await startBadLine({ target: backend.url, bytesPerSecond: 256 * 1024, cutAfterMs: 2_000 })
  try {
    const { outcome } = await startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' } }).done
    assert.equal(outcome?.kind, 'stored')
    assert.ok(line.bytesIn() < file.size * 2.5, `${line.bytesIn()} of ${file.size}`)
  } finally {
    await line.stop()
  }
})

test('pausing stops the bytes, going on needs none of them again', async () => {
  const file = fileOf('paused')
  const line = await startBadLine({ target: backend.url, bytesPerSecond: 4 * 1024 * 1024 })
  try {
    const running = startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' } })
    await until(() => running.progress().receivedBytes > 1_000_000, 'a first MB')
    running.pause()
    await delay(300)
    const { phase, receivedBytes } = running.progress()
    const before = line.bytesIn()
    await delay(400)
    assert.equal(phase, 'paused')
    assert.deepEqual([running.progress().receivedBytes, line.bytesIn()], [receivedBytes, before])
    running.resume()
    assert.equal((await running.done).outcome?.kind, 'stored')
    assert.ok(line.bytesIn() - file.size <= 4 * 256 * 1024)
  } finally {
    await line.stop()
  }
})

test('with its id an upload goes on after its program ended', async () => {
  const file = fileOf('resumed')
  const line = await startBadLine({ target: backend.url, bytesPerSecond: 4 * 1024 * 1024 })
  try {
    const first = startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' } })
    await until(() => first.progress().receivedBytes > 2_000_000, 'two MB')
    const { id } = first.progress()
    first.cancel()
    await assert.rejects(first.done, { name: 'AbortError' })
    assert.equal(first.progress().phase, 'failed')
    const second = startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' }, id })
    const ended = await second.done
    assert.deepEqual([ended.id, ended.outcome?.kind], [id, 'stored'])
    // Four parts were on their way; and every request has a head.
    const most = 4 * 256 * 1024 + 64 * 1024
    assert.ok(line.bytesIn() - file.size <= most, `${line.bytesIn() - file.size} bytes more`)
    const third = startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' }, id })
    assert.equal((await third.done).outcome?.kind, 'stored', 'finished already: nothing is sent')
    assert.ok(line.bytesIn() - file.size <= most)
  } finally {
    await line.stop()
  }
})

test('an upload that the server dropped meanwhile is begun anew, one of another file is not', async () => {
  const file = fileOf('dropped')
  const begun = await client().createUpload({ name: 'a.dcm', byteSize: file.size })
  await client().removeUpload(begun.id)
  const ended = await startUpload({ client: client(), source: file, file: { name: 'a.dcm' }, id: begun.id }).done
  assert.notEqual(ended.id, begun.id)
  assert.equal(ended.outcome?.kind, 'stored')
  const other = startUpload({ client: client(), source: file.slice(1), file: { name: 'a.dcm' }, id: ended.id })
  await assert.rejects(other.done, SourceError)
})

test('cancelling with its bytes leaves nothing at the server', async () => {
  const file = fileOf('cancelled')
  const line = await startBadLine({ target: backend.url, bytesPerSecond: 4 * 1024 * 1024 })
  try {
    const running = startUpload({ client: client(line.url), source: file, file: { name: 'a.dcm' } })
    await until(() => running.progress().receivedBytes > 1_000_000, 'a first MB')
    running.cancel(true)
    await assert.rejects(running.done, { name: 'AbortError' })
    const { id = '' } = running.progress()
    for (let tries = 0; tries < 100; tries += 1) {
      const found = await client()
        .getUpload(id)
        .catch((error: unknown) => error)
      if (found instanceof ApiError && found.problem.status === 404) return
      await delay(25)
    }
    assert.fail('the upload is still there')
  } finally {
    await line.stop()
  }
})

test('dropped before its last byte it is gone; behind it the server says whether it was in time', async () => {
  const isThere = async (id = ''): Promise<boolean> =>
    client()
      .getUpload(id)
      .then(
        () => true,
        () => false,
      )
  for (const [name, isTaken] of [
    ['the question got lost', false],
    ['the answer got lost', true],
  ] as const) {
    const real = client()
    let isLost = false
    const running = startUpload({
      client: {
        ...real,
        async completeUpload(id, signal) {
          if (isLost || isTaken) {
            const answer = await real.completeUpload(id, signal)
            if (isLost) return answer
          }
          isLost = true
          throw new UnreachableError(new Error(name))
        },
      },
      source: fileOf(name),
      file: { name: 'a.dcm' },
    })
    await until(() => running.progress().phase === 'waiting', 'a wait after the last byte')
    const { id } = running.progress()
    assert.equal(await running.drop(), !isTaken, name)
    if (isTaken) assert.equal((await running.done).outcome?.kind, 'stored')
    else await assert.rejects(running.done, { name: 'AbortError' })
    assert.equal(await isThere(id), isTaken, name)
    assert.equal(await running.drop(), false)
    if (!isTaken) continue
    const ended = client().removeOpenUpload(id!)
    await assert.rejects(ended, (error) => error instanceof ApiError && error.problem.code === 'upload-ended')
    assert.equal(await isThere(id), true)
  }

  // The answer to the drop gets lost, or nobody is signed in when it is asked: it is asked again, and nothing else is.
  for (const [name, fault] of [
    ['the answer to the drop got lost', undefined],
    ['signed out', { status: 401, code: 'not-signed-in', title: '', detail: '' }],
  ] as const) {
    const real = client()
    let isFirst = true
    const running = startUpload({
      client: {
        ...real,
        completeUpload: () => Promise.reject(new UnreachableError(new Error(name))),
        async removeOpenUpload(id, signal) {
          if (!isFirst) return real.removeOpenUpload(id, signal)
          isFirst = false
          if (fault) throw new ApiError(fault as never)
          await real.removeOpenUpload(id, signal)
          throw new UnreachableError(new Error(name))
        },
      },
      source: fileOf(name),
      file: { name: 'a.dcm' },
      signedOut: 'wait',
    })
    await until(() => running.progress().phase === 'waiting', 'a wait after the last byte')
    const dropping = running.drop()
    if (fault) await until(() => running.progress().phase === 'signed-out', 'a question that was refused')
    // As whoever is told of a new session does.
    running.resume()
    assert.equal(await dropping, true, name)
    await assert.rejects(running.done, { name: 'AbortError' })
    assert.equal(await isThere(running.progress().id), false)
  }

  const line = await startBadLine({ target: backend.url, bytesPerSecond: 4 * 1024 * 1024 })
  try {
    const running = startUpload({ client: client(line.url), source: fileOf('early'), file: { name: 'a.dcm' } })
    await until(() => running.progress().receivedBytes > 1_000_000, 'a first MB')
    assert.equal(await running.drop(), true)
    await assert.rejects(running.done, { name: 'AbortError' })
    const { id } = running.progress()
    for (let tries = 0; tries < 100 && (await isThere(id)); tries += 1) await delay(25)
    assert.equal(await isThere(id), false)
  } finally {
    await line.stop()
  }
})

test('a session that is over is waited for, or told at once', async () => {
  const { id } = await addPerson(backend.db, { memberships: { default: 'level-i' } })
  let headers = await sessionHeaders(backend.db, id, backend.url)
  const asPerson = createClient((address, init) =>
    fetch(backend.url + address, { ...init, headers: { ...(init.headers as Record<string, string>), ...headers } }),
  )
  const file = fileOf('signed out')
  const running = startUpload({ client: asPerson, source: file, file: { name: 'a.dcm' }, signedOut: 'wait' })
  await until(() => running.progress().receivedBytes > 0, 'a first part')
  headers = { cookie: 'instandt=over', origin: backend.url }
  await until(() => running.progress().phase === 'signed-out', 'the end of the session')
  headers = await sessionHeaders(backend.db, id, backend.url)
  running.resume()
  assert.equal((await running.done).outcome?.kind, 'stored')

  headers = { cookie: 'instandt=over', origin: backend.url }
  const failing = startUpload({ client: asPerson, source: file, file: { name: 'a.dcm' } })
  await assert.rejects(failing.done, (error) => error instanceof ApiError && error.problem.status === 401)
})

test('a file that changes on the way ends the upload with its own fault', async () => {
  const file = fileOf('shrinks')
  const shrinking: UploadSource = {
    size: file.size,
    slice: (start, end) => file.slice(start, Math.min(end, 3_000_000)),
  }
  await assert.rejects(startUpload({ client: client(), source: shrinking, file: { name: 'a.dcm' } }).done, SourceError)
  const vanishing: UploadSource = {
    size: file.size,
    slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
  }
  await assert.rejects(startUpload({ client: client(), source: vanishing, file: { name: 'a.dcm' } }).done, SourceError)
})

test('what the server refuses ends it with the problem, a server that is gone with patience alone', async () => {
  const refused = startUpload({ client: client(), source: fileOf('x'), file: { name: 'a.dcm', project: 'nowhere' } })
  await assert.rejects(refused.done, (error) => error instanceof ApiError && error.problem.code === 'project-not-found')
  const line: BadLine = await startBadLine({ target: 'http://127.0.0.1:1' })
  const waiting: UploadProgress[] = []
  const nobody = startUpload({
    client: client(line.url),
    source: fileOf('x'),
    file: { name: 'a.dcm' },
    patience: 1_500,
    onChange: (now) => waiting.push(now),
  })
  await assert.rejects(nobody.done, { name: 'UnreachableError' })
  assert.ok(waiting.some(({ phase, retryAt }) => phase === 'waiting' && (retryAt ?? 0) > 0))
  await line.stop()
})
