// The backend is killed at random moments of an upload: what was acknowledged is there byte for byte, nothing is half there,
// the sweep finds the orphans, and the totals are right.
import assert from 'node:assert/strict'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { testDatabase, signedFetch, testKeys } from '@instandt/testkit'
import { configSchema, openDeps, runCommand } from '@instandt/backend'
import { createLogger } from '@instandt/runtime'
import { startChildBackend, stowFile, temporaryFolder } from './child-backend.ts'

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [kills, count] = scale === 'full' ? [20, 500] : [3, 60]
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const study = uidOf('crash', 'study')
  const series = uidOf('crash', 'series')
  const pixels = new Uint8Array(256 * 1024)
  const files = Array.from({ length: count }, (_, index) => {
    pixels.fill(index & 0xff)
    return {
      uid: uidOf('crash', index),
      bytes: buildInstance({
        studyInstanceUid: study,
        seriesInstanceUid: series,
        sopInstanceUid: uidOf('crash', index),
        image: { rows: 512, columns: 256, bitsAllocated: 16, frame: () => pixels },
      }),
    }
  })
  const acknowledged = new Set<number>()
  try {
    for (let round = 0; round <= kills; round += 1) {
      const backend = await startChildBackend({ databaseUrl: database.appUrl, storageDir: folder })
      const waiting = files.flatMap((_, index) => (acknowledged.has(index) ? [] : [index]))
      let isDead = false
      // The last round is left alone, so that everything is stored in the end.
      const share = Math.ceil(waiting.length / (kills - round + 1))
      const killAt = round < kills ? Math.floor(Math.random() * share) : Number.POSITIVE_INFINITY
      let done = 0
      const lane = async (): Promise<void> => {
        for (let index = waiting.shift(); index !== undefined && !isDead; index = waiting.shift()) {
          const answer = await stowFile(backend.url, (files[index] as { bytes: Uint8Array }).bytes)
          if (answer?.status === 200) acknowledged.add(index)
          else if (answer) assert.equal(answer.status, 503, answer.text)
          done += 1
          if (done === killAt + 1 && !isDead) {
            isDead = true
            // Somewhere in the middle of the others' uploads.
            setTimeout(() => void backend.kill(), Math.random() * 20)
          }
        }
      }
      await Promise.all(Array.from({ length: 4 }, lane))
      await (round < kills ? backend.kill() : backend.stop())
    }
    assert.equal(acknowledged.size, count)

    const backend = await startChildBackend({ databaseUrl: database.appUrl, storageDir: folder })
    for (const { uid, bytes } of files) {
      const answer = await signedFetch(`${backend.url}/dicom-web/studies/${study}/series/${series}/instances/${uid}`, {
        headers: { accept: 'application/dicom; transfer-syntax=*' },
      })
      assert.equal(answer.status, 200)
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), `${uid} came back with other bytes`)
    }
    await backend.stop()

    const { rows } = await database.db.pool.query<Record<string, number>>(
      `select s.instance_count as "inStudy", r.instance_count as "inSeries", s.series_count as series, s.byte_size as size,
        (select count(*) from instance) as rows, (select sum(byte_size) from instance)::bigint as bytes from study s join series r on r.study_id = s.id`,
    )
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
    assert.deepEqual(rows, [{ inStudy: count, inSeries: count, series: 1, size: bytes, rows: count, bytes }])

    const words: string[] = []
    const log = createLogger({ name: 'prove', level: 'error' })
    const config = configSchema.parse({ DATABASE_URL: database.appUrl, STORAGE_DIR: folder, SECRET_KEYS: testKeys })
    assert.equal(
      await runCommand(
        ['sweep', '--grace-hours', '0'],
        () => openDeps(config, log),
        (text) => words.push(text),
      ),
      0,
    )
    assert.equal(
      await runCommand(
        ['sweep', '--grace-hours', '0'],
        () => openDeps(config, log),
        (text) => words.push(text),
      ),
      0,
    )
    assert.match(
      words.at(-1) ?? '',
      new RegExp(`^${count} blobs, 0 put in quarantine`),
      'after the sweep every object has its row',
    )
    process.stdout.write(`crash: ${kills} kills, ${count} instances whole; ${words[0]}`)
  } finally {
    await database.stop()
    await remove()
  }
}
