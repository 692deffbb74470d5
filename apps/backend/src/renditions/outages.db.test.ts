// A store that is away, or gives some objects only: what waits goes on waiting, and one object holds up no other.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { renditionUrl, tileUrl } from '@instandt/api'
import { uidOf } from '@instandt/testkit/files'
import { makeUnreadable, whileStoreIsAway } from '../archive.fixture.ts'
import { bytesOf, type RenditionBackend, samples, startRenditionBackend, until } from './renditions.fixture.ts'

let backend: RenditionBackend
before(async () => {
  backend = await startRenditionBackend()
})
after(() => backend.stop())
afterEach(async () => {
  await backend.db.pool.query('delete from instance')
})

const large = { columns: 900, rows: 700, frame: () => bytesOf(samples(900, 700, 0)) }
const address = (seed: string): string => renditionUrl(uidOf('study'), uidOf('series'), uidOf(seed, 'instance'), 1)
const thumbnail = (seed: string): string =>
  `/dicom-web/studies/${uidOf('study')}/series/${uidOf('series')}/instances/${uidOf(seed, 'instance')}/thumbnail`
const keyOf = async (seed: string): Promise<string> => {
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from instance where sop_instance_uid = $1',
    [uidOf(seed, 'instance')],
  )
  return rows[0]?.blob_key ?? ''
}
const count = async (where: string): Promise<number> => {
  const { rows } = await backend.db.pool.query<{ count: number }>(`select count(*) from rendition_job where ${where}`)
  return rows[0]?.count ?? 0
}
/** What waits for another try has its turn now. */
const hurry = (): Promise<unknown> =>
  backend.db.pool.query(`update rendition_job set due_at = now() where due_at > now() and leased_by is null`)

/** Works until the one thumbnail that waits was tried, and is to be tried later. */
async function workUntilPutOff(): Promise<void> {
  const deriving = backend.startDeriving()
  await until(async () => (await count(`thumbnail = 'waiting' and due_at > now() and leased_by is null`)) === 1)
  await deriving.stop()
}

test('objects that cannot be read end as failed with their reason, and the others are made', async () => {
  const seeds = ['old 1', 'old 2', 'bad 1', 'bad 2', 'bad 3']
  for (const seed of seeds) await backend.store(seed, large)
  const bad = seeds.slice(2)
  for (const seed of bad) await makeUnreadable(backend, await keyOf(seed))
  const deriving = backend.startDeriving()
  // At once: nobody waits for what fails.
  await until(async () => (await count(`thumbnail = 'made'`)) === 2, 15)
  await until(async () => {
    await hurry()
    return (await count(`state = 'failed'`)) === 3
  })
  await deriving.stop()
  for (const seed of bad) {
    const { thumbnail: made, reason } = await backend.jobOf(seed)
    assert.deepEqual([made, reason], ['none', 'gave up after 5 attempts: The stored bytes cannot be read.'])
  }
  assert.equal((await backend.jobOf('old 1')).state, 'made')
})

test('a disk that is not mounted costs no attempt, and nothing that was made', async () => {
  await backend.store('made', large)
  await backend.deriveAll()
  await backend.store('waiting', large)
  await whileStoreIsAway(backend, async () => {
    for (let round = 0; round < 6; round += 1) {
      await workUntilPutOff()
      assert.equal((await backend.jobOf('waiting')).attempts, 0)
      await hurry()
    }
    for (const place of [thumbnail('made'), tileUrl(address('made'), 0, 0)])
      assert.equal((await backend.get(place)).status, 503, place)
  })
  const { state, thumbnail: small, frames_made: frames } = await backend.jobOf('made')
  assert.deepEqual([state, small, frames], ['made', 'made', 1])
  for (const place of [thumbnail('made'), tileUrl(address('made'), 0, 0)])
    assert.equal((await backend.get(place)).status, 200, place)
  await backend.deriveAll()
  assert.equal((await backend.jobOf('waiting')).state, 'made')
})

test('a store without room stops the queue, and no image is given up', async (t) => {
  await backend.store('room', large)
  // Every file is written there first; nothing fits into it, and what is stored can still be read.
  const incoming = path.join(backend.deps.config.STORAGE_DIR ?? '', 'incoming')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', incoming], { stdio: 'pipe' })
  } catch {
    t.skip('a small file system can be mounted by root only')
    return
  }
  try {
    await writeFile(path.join(incoming, 'full'), Buffer.alloc(4096))
    for (let round = 0; round < 2; round += 1) {
      await workUntilPutOff()
      assert.equal((await backend.jobOf('room')).attempts, 0)
      await hurry()
    }
  } finally {
    execFileSync('umount', [incoming])
  }
  await backend.deriveAll()
  assert.equal((await backend.jobOf('room')).state, 'made')
})
