// The process that makes images for screens is killed at random moments, and the store is taken away from it: it goes on where it
// stopped, makes nothing twice, and what is made is the picture.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { type Rendition, renditionUrl, tileUrl } from '@instandt/api'
import { configSchema, openDeps } from '@instandt/backend'
import { decodeHtj2k } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { createLogger } from '@instandt/runtime'
import { signedFetch, testDatabase, testKeys } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { startChildBackend, startChildWorker, stowFile } from './child-backend.ts'
import { startCutStore } from './cut-store.ts'

const size = { columns: 900, rows: 700 }

/** Noise on a slope; no two frames the same. */
function frameOf(frame: number): Uint16Array<ArrayBuffer> {
  const values = new Uint16Array(size.columns * size.rows)
  let state = frame + 1
  for (let at = 0; at < values.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    values[at] = 1000 + ((at % size.columns) << 3) + (state >>> 24)
  }
  return values
}

interface Row {
  frame: number
  blob_key: string
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [kills, frames] = scale === 'full' ? [20, 400] : [3, 40]
  const database = await testDatabase()
  const store = await startCutStore('derive')
  const { pool } = database.db
  const child = { databaseUrl: database.appUrl, env: store.env }
  const job = async (): Promise<{ state: string; frames_done: number; attempts: number; reason: string | null }> =>
    (await pool.query('select state, frames_done, attempts, reason from rendition_job')).rows[0] as never
  const made = async (): Promise<Row[]> =>
    (await pool.query<Row>('select frame, blob_key from rendition order by frame')).rows
  const progress = async (from: number): Promise<void> => {
    const deadline = Date.now() + 60_000
    while ((await job()).frames_done <= from) {
      assert.ok(Date.now() < deadline, `nothing came after frame ${from}: ${JSON.stringify(await job())}`)
      await delay(20)
    }
  }
  // Nobody waits here for a dead worker's claim or for the next try to come round.
  const hurry = (): Promise<unknown> =>
    pool.query(`update rendition_job set leased_until = now() - interval '1 second', due_at = now()`)

  const backend = await startChildBackend(child)
  let worker = await startChildWorker(child)
  try {
    const file = buildInstance({
      seed: 'derive',
      image: { ...size, bitsAllocated: 16, frames, frame: (index) => new Uint8Array(frameOf(index).buffer) },
    })
    assert.equal((await stowFile(backend.url, file))?.status, 200)
    const keys = new Map<number, string>()
    const noteKeys = async (): Promise<void> => {
      for (const { frame, blob_key: key } of await made()) {
        assert.equal(keys.get(frame) ?? key, key, `frame ${frame} was made twice`)
        keys.set(frame, key)
      }
    }
    for (let kill = 0; kill < kills; kill += 1) {
      await progress((await job()).frames_done)
      await delay(Math.random() * 150)
      await worker.kill()
      await noteKeys()
      const { state, frames_done: done } = await job()
      assert.ok(state === 'waiting' && done < frames, `killed too late: ${done} of ${frames}`)
      await hurry()
      worker = await startChildWorker(child)
    }

    await progress((await job()).frames_done)
    store.cut()
    // The client of the store tries for a while by itself.
    const givenBack = `select count(*) from rendition_job where leased_by is null and due_at > now()`
    for (let wait = 0; (await pool.query<{ count: number }>(givenBack)).rows[0]?.count !== 1; wait += 1) {
      assert.ok(wait < 900, 'the claim was not given back')
      await delay(100)
    }
    const lost = await job()
    assert.deepEqual([lost.state, lost.reason, lost.attempts], ['waiting', null, 0], 'the image is not to blame')
    await noteKeys()
    await store.mend()
    await hurry()
    await progress(lost.frames_done)
    const deadline = Date.now() + 300_000
    while ((await job()).state === 'waiting' && Date.now() < deadline) await delay(100)
    assert.equal((await job()).state, 'made')
    await noteKeys()
    assert.equal(keys.size, frames)

    const codecs = createNodeCodecs()
    for (let frame = 1; frame <= frames; frame += Math.ceil(frames / 20)) {
      const address = renditionUrl(
        uidOf('derive', 'study'),
        uidOf('derive', 'series'),
        uidOf('derive', 'instance'),
        frame,
      )
      const { tiles } = (await (await signedFetch(backend.url + address)).json()) as Rendition
      assert.equal(tiles.length, 1)
      const answer = await signedFetch(backend.url + tileUrl(address, 0, 0))
      const { samples } = await decodeHtj2k(new Uint8Array(await answer.arrayBuffer()), 0, codecs)
      assert.deepEqual(samples, frameOf(frame - 1), `frame ${frame}`)
    }
    const orphans = await countOrphans(database.appUrl, store.env, new Set(keys.values()))
    // The thumbnail is one; of a frame that was cut off between its object and its row one each may stay for the sweep.
    assert.ok(orphans <= kills + 2, `${orphans} objects belong to nobody`)
    process.stdout.write(
      `derive: ${kills} times killed and once without a store, ${frames} frames made once each, ${orphans - 1} objects left to the sweep\n`,
    )
  } finally {
    await worker.stop()
    await backend.stop()
    await store.stop()
    await database.stop()
  }
}

async function countOrphans(
  databaseUrl: string,
  env: Record<string, string>,
  referenced: ReadonlySet<string>,
): Promise<number> {
  const config = configSchema.parse({ ...env, DATABASE_URL: databaseUrl, SECRET_KEYS: testKeys })
  const { deps, close } = await openDeps(config, createLogger({ name: 'derive', level: 'fatal' }))
  let count = 0
  for await (const { key } of deps.blobs.list('renditions/')) if (!referenced.has(key)) count += 1
  await close()
  return count
}
