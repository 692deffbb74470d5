// An archive of a million files is walked with bounded memory; thousands of objects come in while the command and the backend
// are killed again and again: everything is there once, and every file has its line.
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { link, mkdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { testDatabase } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { startChildImport } from '../../apps/ops/src/import/child-import.fixture.ts'
import { portOf, startLine } from '../../apps/ops/src/import/line.fixture.ts'
import { startChildBackend, temporaryFolder } from './child-backend.ts'

interface Plan {
  /** Files that are walked; a half of them lies in one folder. */
  walked: number
  /** Objects that are brought in. */
  objects: number
  /** The command is killed so often, the backend as well. */
  kills: number
  maxPeakMiB: number
}

const plans: Record<'full' | 'small', Plan> = {
  full: { walked: 1_000_000, objects: 20_000, kills: 6, maxPeakMiB: 350 },
  small: { walked: 30_000, objects: 600, kills: 2, maxPeakMiB: 250 },
}

/** File systems bear so many names of one file. */
const linksOfFile = 30_000
const inFolder = 1000

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const plan = plans[scale]
  const { folder, remove } = await temporaryFolder()
  try {
    await walk(plan, folder)
    await bringIn(plan, folder)
  } finally {
    await remove()
  }
}

async function walk({ walked, maxPeakMiB }: Plan, folder: string): Promise<void> {
  const source = path.join(folder, 'walked')
  await mkdir(path.join(source, 'flat'), { recursive: true })
  const bytes = buildInstance({ seed: 'walked' })
  let original = ''
  for (let number = 0; number < walked; number += 1) {
    const isNested = number % 2 === 1
    const place = isNested ? path.join(source, `${Math.floor(number / 2 / inFolder)}`) : path.join(source, 'flat')
    if (isNested && Math.floor(number / 2) % inFolder === 0) await mkdir(place)
    const file = path.join(place, `${number}.dcm`)
    if (number % linksOfFile === 0) await writeFile((original = file), bytes)
    else await link(original, file)
  }
  const report = path.join(folder, 'walked.jsonl')
  const args = [source, '--to', 'http://127.0.0.1:1', '--dry-run', '--report', report]
  const started = performance.now()
  const first = startChildImport(args)
  assert.equal(await first.done, 0, first.err())
  const seconds = (performance.now() - started) / 1000
  const { files, bytes: sizes } = JSON.parse(first.out()) as { files: { pending: number }; bytes: { pending: number } }
  assert.deepEqual([files.pending, sizes.pending], [walked, walked * bytes.length])
  assert.equal((await linesOf(report)).count, walked)
  assert.ok(
    first.peakMemory() > 0 && first.peakMemory() < maxPeakMiB,
    `peak memory ${first.peakMemory().toFixed(0)} MiB`,
  )
  const journalBytes = (await stat(`${report}.journal`)).size / walked
  process.stdout.write(
    `import: ${walked} files walked and looked at in ${seconds.toFixed(0)} s (${(walked / seconds).toFixed(0)}/s), peak memory ${first.peakMemory().toFixed(0)} MiB, journal ${journalBytes.toFixed(0)} bytes a file\n`,
  )
}

async function bringIn({ objects, kills, maxPeakMiB }: Plan, folder: string): Promise<void> {
  const source = path.join(folder, 'archive')
  let bytes = 0
  for (let number = 0; number < objects; number += 1) {
    const place = path.join(source, `${Math.floor(number / inFolder)}`)
    if (number % inFolder === 0) await mkdir(place, { recursive: true })
    const object = buildInstance({
      studyInstanceUid: uidOf('import', 'study', Math.floor(number / 200)),
      seriesInstanceUid: uidOf('import', 'series', Math.floor(number / 100)),
      sopInstanceUid: uidOf('import', number),
      image: { rows: 96, columns: 96 },
    })
    bytes += object.length
    await writeFile(path.join(place, `${number}`), object)
  }
  const database = await testDatabase()
  const options = { databaseUrl: database.appUrl, storageDir: path.join(folder, 'blobs') }
  let backend = await startChildBackend(options)
  const line = await startLine(portOf(backend.url))
  const report = path.join(folder, 'report.jsonl')
  const args = [source, '--to', line.url, '--report', report]
  const stored = async (): Promise<number> => {
    const { rows } = await database.db.pool.query<{ count: number }>('select count(*)::int as count from instance')
    return rows[0]?.count ?? 0
  }
  try {
    const started = performance.now()
    let peak = 0
    let kicked = 0
    for (let round = 1; round <= kills; round += 1) {
      // Its own first objects are waited for: one that finds no server when it begins says so and ends.
      const before = await stored()
      const child = startChildImport(args)
      const wanted = Math.max((objects * (2 * round - 1)) / (2 * kills + 1), before + 1)
      const more = (objects * 2 * round) / (2 * kills + 1)
      await reach(wanted, stored, child)
      line.lead(undefined)
      await backend.kill()
      await delay(300)
      backend = await startChildBackend(options)
      line.lead(portOf(backend.url))
      await reach(more, stored, child)
      child.kill('SIGKILL')
      if ((await child.done) === 'SIGKILL') kicked += 1
      peak = Math.max(peak, child.peakMemory())
      // What the server has of it already it stores yet.
      await delay(500)
    }
    assert.equal(kicked, kills, 'it was killed before its end each time')
    const last = startChildImport(args)
    assert.equal(await last.done, 0, last.err())
    peak = Math.max(peak, last.peakMemory())
    const seconds = (performance.now() - started) / 1000
    const { files } = JSON.parse(last.out()) as { files: Record<string, number> }
    assert.equal((files['stored'] ?? 0) + (files['known'] ?? 0), objects)
    assert.equal(await stored(), objects)
    const { count, hashes } = await linesOf(report)
    assert.deepEqual([count, hashes.size], [objects, objects])
    const { rows } = await database.db.pool.query<{ sha256: string }>(
      `select encode(sha256, 'hex') as sha256 from instance`,
    )
    assert.ok(rows.every(({ sha256 }) => hashes.has(sha256)))
    assert.ok(peak < maxPeakMiB, `peak memory ${peak.toFixed(0)} MiB`)

    const again = startChildImport(args)
    assert.equal(await again.done, 0)
    assert.equal((JSON.parse(again.out()) as { run: { sent: number } }).run.sent, 0)
    const verified = startChildImport([...args, '--verify'])
    assert.equal(await verified.done, 0, verified.err())
    process.stdout.write(
      `import: ${objects} objects, ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(0)} s over ${kills} kills of each side ` +
        `(${(objects / seconds).toFixed(0)}/s), ${files['known']} of them known again; peak memory ${peak.toFixed(0)} MiB\n`,
    )
  } finally {
    await line.stop()
    await backend.stop()
    await database.stop()
  }
}

async function reach(
  count: number,
  stored: () => Promise<number>,
  child: ReturnType<typeof startChildImport>,
): Promise<void> {
  const deadline = Date.now() + 300_000
  let ended: unknown
  void child.done.then((code) => {
    ended = code
  })
  while ((await stored()) < count) {
    assert.equal(ended, undefined, `it ended before ${count} objects were there: ${child.err()}`)
    assert.ok(Date.now() < deadline, `${count} objects were not reached`)
    await delay(20)
  }
}

async function linesOf(file: string): Promise<{ count: number; hashes: Set<string> }> {
  const hashes = new Set<string>()
  let count = 0
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { sha256 } = JSON.parse(line) as { sha256: string | null }
    if (sha256 !== null) hashes.add(sha256)
    count += 1
  }
  return { count, hashes }
}
