import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { AppError } from './app-error.ts'
import { hashBeside, hashHere, hashInThread, type RunningHash } from './hash-thread.ts'

const workers: Worker[] = []
process.on('worker', (worker) => workers.push(worker))

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

/** Hands the bytes on in pieces, each overwritten as soon as the next one is due. */
async function run(running: RunningHash, bytes: Uint8Array, pieceLength: number): Promise<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const piece = Uint8Array.from(bytes.subarray(at, at + pieceLength))
    await running.update(piece)
    piece.fill(0)
  }
  return Buffer.from(await running.digest())
}

test('bytes in pieces of any size, in runs beside each other, have the hash they have in one', async () => {
  const bytes = randomBytes(5 * 1024 * 1024 + 7)
  const runs = [1000, 65_536, 1024 * 1024, 3_000_000, bytes.length].flatMap((pieceLength) =>
    [hashBeside, hashHere].map((make) => run(make(), bytes, pieceLength)),
  )
  for (const found of await Promise.all(runs)) assert.deepEqual(found, sha256(bytes))
  assert.deepEqual(Buffer.from(await hashBeside().digest()), sha256(Buffer.alloc(0)))
})

test('a run that is dropped leaves nothing to the ones after it', async () => {
  const dropped = hashBeside()
  await dropped.update(randomBytes(3 * 1024 * 1024))
  dropped.drop()
  dropped.drop()
  const bytes = randomBytes(2 * 1024 * 1024)
  assert.deepEqual(await run(hashBeside(), bytes, 65_536), sha256(bytes))
})

test('a run whose thread ended is no hash of its second half, and the next run has a new thread', async () => {
  const running = hashBeside()
  await running.update(Buffer.alloc(1024 * 1024))
  assert.equal(workers.length, 1)
  await workers[0]?.terminate()
  await assert.rejects(run(running, Buffer.alloc(2 * 1024 * 1024), 65_536), /thread ended/)
  const { sha256: found } = await hashInThread(new ArrayBuffer(8), 8)
  assert.deepEqual(Buffer.from(found), sha256(Buffer.alloc(8)))
  assert.equal(workers.length, 2)
})

const isInterrupted = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'hashing-interrupted' && error.status === 503

/** The thread that answers now, and the run that it answered last. */
async function currentWorker(): Promise<{ worker: Worker; run: number }> {
  const { run } = await hashInThread(new ArrayBuffer(8), 8)
  return { worker: workers.at(-1) as Worker, run }
}

test('an answer of a thread that threw, heard behind its error, is none to whoever asks the next one', async () => {
  const { worker } = await currentWorker()
  const asked = Promise.allSettled(Array.from({ length: 3 }, () => hashInThread(new ArrayBuffer(8), 8)))
  // Nothing says which of the two is heard first: the answers are on their way.
  worker.emit('error', new Error('thrown'))
  const files = Array.from({ length: 4 }, (_, index) => Buffer.alloc(64, index))
  const found = await Promise.all(files.map((file) => hashInThread(Uint8Array.from(file).buffer, file.length)))
  assert.deepEqual(
    found.map((answer) => Buffer.from(answer.sha256)),
    files.map(sha256),
  )
  for (const one of await asked) assert.ok(one.status === 'rejected' && isInterrupted(one.reason))
  const { worker: next } = await currentWorker()
  worker.postMessage(undefined)
  await assert.rejects(once(worker, 'exit'), TypeError)
  assert.equal((await currentWorker()).worker, next)
})

test('a run whose thread throws fails with 503, and the next one has a new thread', async () => {
  const running = hashBeside()
  await running.update(Buffer.alloc(1024 * 1024))
  const { worker } = await currentWorker()
  worker.postMessage(undefined)
  await assert.rejects(run(running, Buffer.alloc(2 * 1024 * 1024), 65_536), isInterrupted)
  assert.notEqual((await currentWorker()).worker, worker)
})

test('an answer to another question, or without a hash, ends the thread and is nobody’s hash', async () => {
  for (const wrong of [{ run: -1 }, { sha256: new Uint8Array(0) }]) {
    const { worker, run } = await currentWorker()
    const asked = Promise.allSettled([1, 2].map(() => hashInThread(new ArrayBuffer(8), 8)))
    const right = { run: run + 1, memory: new ArrayBuffer(8), sha256: new Uint8Array(32) }
    worker.emit('message', { ...right, ...wrong })
    for (const one of await asked) assert.ok(one.status === 'rejected' && isInterrupted(one.reason))
    await once(worker, 'exit')
    assert.notEqual((await currentWorker()).worker, worker)
  }
})

test('however many runs are open, the memory for them is bounded, and it is there for those after them', async () => {
  const bytes = randomBytes(2.5 * 1024 * 1024)
  const { worker } = await currentWorker()
  const before = process.memoryUsage().arrayBuffers
  const runs = Array.from({ length: 60 }, () => hashBeside())
  for (const running of runs) await running.update(bytes)
  const grown = process.memoryUsage().arrayBuffers - before
  assert.ok(grown < 20 * 1024 * 1024, `${grown} bytes`)
  for (const running of runs.slice(0, 30)) assert.deepEqual(Buffer.from(await running.digest()), sha256(bytes))
  for (const running of runs) running.drop()
  await currentWorker()
  const asked: unknown[] = []
  const post = worker.postMessage.bind(worker)
  worker.postMessage = (...given: Parameters<typeof post>) => void asked.push(post(...given))
  assert.deepEqual(await run(hashBeside(), bytes, 65_536), sha256(bytes))
  assert.equal(asked.length, 3)
})

test('where no thread can be started, everything is hashed in this one', () => {
  const url = new URL('hash-thread.ts', import.meta.url).href
  const script = `const { hashBeside, hashInThread } = await import('${url}')
    const running = hashBeside()
    await running.update(Buffer.alloc(3000000))
    const hashes = [await running.digest(), (await hashInThread(new ArrayBuffer(8), 8)).sha256]
    console.log(hashes.map((hash) => Buffer.from(hash).toString('hex')).join())`
  const options = ['--permission', '--allow-fs-read=*', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' })
  const expected = [Buffer.alloc(3_000_000), Buffer.alloc(8)].map((bytes) => sha256(bytes).toString('hex')).join()
  assert.equal(stdout.trim(), expected, stderr)
})
