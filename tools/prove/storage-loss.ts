// The image store vanishes in the middle of uploads: 503, nothing registered without its bytes, and all is well when it is back.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { testDatabase, signedFetch } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { startChildBackend, stowFile } from './child-backend.ts'
import { startCutStore } from './cut-store.ts'

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const count = scale === 'full' ? 60 : 12
  const database = await testDatabase()
  const store = await startCutStore('loss')
  const pixels = new Uint8Array(6 * 1024 * 1024)
  const files = Array.from({ length: count }, (_, index) => {
    pixels.fill(index & 0xff)
    return buildInstance({
      seed: 'loss',
      sopInstanceUid: uidOf('loss', index),
      image: { rows: 3072, columns: 1024, bitsAllocated: 16, frame: () => pixels },
    })
  })
  const rowCount = async (): Promise<number> =>
    (await database.db.pool.query<{ count: number }>('select count(*)::int as count from instance')).rows[0]?.count ??
    -1
  try {
    const backend = await startChildBackend({
      databaseUrl: database.appUrl,
      env: store.env,
    })
    const statuses = new Map<number, number>()
    const stored = new Set<number>()
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < count) {
        const index = next
        next += 1
        if (index === count >> 1) store.cut()
        const answer = await stowFile(backend.url, files[index] as Uint8Array)
        assert.ok(answer, 'every upload gets an answer')
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        if (answer.status === 200) stored.add(index)
        else assert.equal(answer.status, 503, answer.text)
      }
    }
    await Promise.all([lane(), lane()])
    assert.equal(await rowCount(), stored.size, 'rows are those that were acknowledged')
    assert.ok((statuses.get(503) ?? 0) > 0, 'the loss was noticed')
    assert.equal((await signedFetch(`${backend.url}/health/ready`)).status, 503)

    await store.mend()
    for (let wait = 0; wait < 100 && !(await signedFetch(`${backend.url}/health/ready`)).ok; wait += 1) await delay(100)
    for (const [index, file] of files.entries()) {
      if (!stored.has(index)) assert.equal((await stowFile(backend.url, file))?.status, 200)
      const address = `${backend.url}/dicom-web/studies/${uidOf('loss', 'study')}/series/${uidOf('loss', 'series')}/instances/${uidOf('loss', index)}`
      const answer = await signedFetch(address, { headers: { accept: 'application/dicom; transfer-syntax=*' } })
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(file), `instance ${index} came back with other bytes`)
    }
    await backend.stop()
    process.stdout.write(
      `storage-loss: answers ${JSON.stringify(Object.fromEntries(statuses))} while the store was lost, all ${count} whole after it came back\n`,
    )
  } finally {
    await store.stop()
    await database.stop()
  }
}
