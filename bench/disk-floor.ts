// `node bench/disk-floor.ts`: how many files a second this disk takes from programs that do nothing else, no server, no line,
// no hash, no index: what no server can exceed that answers when bytes are durable. Folder: --folder, else the temporary one.
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

interface Task {
  folder: string
  files: number
  byteLength: number
  /** The name, too: without it a crash may leave a file that nobody finds. */
  isNameDurable: boolean
}

function writeFiles({ folder, files, byteLength, isNameDurable }: Task, writer: number): void {
  const bytes = Buffer.alloc(byteLength, 7)
  for (let number = 0; number < files; number += 1) {
    const temporary = path.join(folder, `${writer}-${number}.part`)
    const fd = openSync(temporary, 'wx')
    for (let at = 0; at < byteLength;) at += writeSync(fd, bytes, at)
    fdatasyncSync(fd)
    closeSync(fd)
    if (!isNameDurable) continue
    renameSync(temporary, temporary.slice(0, -5))
    const of = openSync(folder, 'r')
    fsyncSync(of)
    closeSync(of)
  }
}

async function measure(writers: number, task: Omit<Task, 'folder'>): Promise<number> {
  const folder = mkdtempSync(path.join(values.folder ?? tmpdir(), 'instandt-floor-'))
  const threads = Array.from(
    { length: writers },
    (_, writer) => new Worker(new URL(import.meta.url), { workerData: { task: { ...task, folder }, writer } }),
  )
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))))
  const started = performance.now()
  await Promise.all(
    threads.map((thread) => {
      thread.postMessage('go')
      return new Promise((resolve) => thread.once('exit', resolve))
    }),
  )
  const seconds = (performance.now() - started) / 1000
  rmSync(folder, { recursive: true })
  return (writers * task.files) / seconds
}

const { values } = parseArgs({ options: { folder: { type: 'string' } } })

if (isMainThread) {
  for (const [megabytes, writers, files] of [
    [0.5, 1, 300],
    [0.5, 8, 150],
    [32, 2, 20],
  ] as const) {
    for (const isNameDurable of [false, true]) {
      const rates: number[] = []
      for (let run = 0; run < 3; run += 1)
        rates.push(await measure(writers, { files, byteLength: megabytes * 2 ** 20, isNameDurable }))
      const words = rates.map((rate) => (megabytes < 1 ? rate.toFixed(0) : (rate * megabytes * 1.048576).toFixed(0)))
      const what = isNameDurable ? 'bytes and name' : 'bytes'
      process.stdout.write(
        `${megabytes} MB at ${writers}, ${what} flushed: ${words.join(' · ')} ${megabytes < 1 ? 'files/s' : 'MB/s'}\n`,
      )
    }
  }
} else if (parentPort) {
  const port = parentPort
  port.once('message', () => {
    const { task, writer } = workerData as { task: Task; writer: number }
    writeFiles(task, writer)
    port.close()
  })
  port.postMessage('ready')
}
