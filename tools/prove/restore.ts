// An older copy of the database is put back: reindex brings every newer image back from the stored objects.
import assert from 'node:assert/strict'
import { configSchema, openDeps, runCommand } from '@instandt/backend'
import { createLogger } from '@instandt/runtime'
import { testDatabase, testKeys } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { startChildBackend, stowFile, temporaryFolder } from './child-backend.ts'

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [before, after] = scale === 'full' ? [500, 1500] : [10, 30]
  const older = await testDatabase()
  const newer = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const files = Array.from({ length: before + after }, (_, index) =>
    buildInstance({
      seed: `restore-${index % 7}`,
      sopInstanceUid: uidOf('restore', index),
      image: { rows: 32, columns: 32, frame: () => new Uint8Array(2048).fill(index & 0xff) },
    }),
  )
  const store = async (databaseUrl: string, some: readonly Uint8Array[]): Promise<void> => {
    const backend = await startChildBackend({ databaseUrl, storageDir: folder })
    for (const file of some) assert.equal((await stowFile(backend.url, file))?.status, 200)
    await backend.stop()
  }
  const totals = async (database: typeof older): Promise<unknown> =>
    (
      await database.db.pool.query(
        `select study_instance_uid, series_count, instance_count, byte_size, modalities, sop_classes, attributes from study order by 1`,
      )
    ).rows
  try {
    // The older database knows the first files only; the objects of all lie in one store.
    await store(older.appUrl, files.slice(0, before))
    const config = (databaseUrl: string) =>
      configSchema.parse({ DATABASE_URL: databaseUrl, STORAGE_DIR: folder, SECRET_KEYS: testKeys })
    const log = createLogger({ name: 'prove', level: 'error' })
    const words: string[] = []
    const reindex = (databaseUrl: string, ...args: string[]): Promise<number> =>
      runCommand(
        ['reindex', '--grace-hours', '0', ...args],
        () => openDeps(config(databaseUrl), log),
        (text) => words.push(text),
      )
    assert.equal(await reindex(newer.appUrl), 0)
    await store(newer.appUrl, files.slice(before))
    assert.equal(await reindex(older.appUrl), 0)
    assert.deepEqual(await totals(older), await totals(newer))
    const { rows } = await older.db.pool.query('select count(*)::int as count from instance')
    assert.deepEqual(rows, [{ count: files.length }])
    assert.equal(await reindex(older.appUrl, '--verify'), 0)
    assert.match(
      words.at(-1) ?? '',
      new RegExp(`${files.length} known, 0 indexed, 0 versions, 0 second copies, ${files.length} verified, 0 failed`),
    )
    process.stdout.write(`restore: ${after} images of ${files.length} came back${words.at(-1) ?? ''}`)
  } finally {
    await older.stop()
    await newer.stop()
    await remove()
  }
}
