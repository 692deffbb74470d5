// A large file over a line that breaks every connection again and again and cuts long requests: it arrives whole, little is
// sent twice, and neither the backend nor the worker needs much memory.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createClient, startUpload } from '@instandt/api'
import { signedFetch, startAzurite, startBadLine, testDatabase } from '@instandt/testkit'
import { uidOf } from '@instandt/testkit/files'
import { startChildBackend, startChildWorker, temporaryFolder } from './child-backend.ts'
import { largeSource } from './large-source.ts'

const mebi = 1024 ** 2
const maxPeakMiB = 400
const maxTwice = 0.05
const minDrops = 8
const mostDrops = 12

interface Plan {
  store: 'disk' | 'azure'
  frames: number
  bytesPerSecond: number
  /** Milliseconds between two breaks, at least and at most. */
  betweenDrops: [number, number]
  env: Record<string, string>
}

const plans: Record<'full' | 'small', Plan[]> = {
  full: [
    { store: 'disk', frames: 2560, bytesPerSecond: 50e6, betweenDrops: [8_000, 26_000], env: {} },
    { store: 'azure', frames: 512, bytesPerSecond: 50e6, betweenDrops: [1_500, 6_000], env: {} },
  ],
  // Smaller parts in the same proportion.
  small: [
    { store: 'disk', frames: 10, bytesPerSecond: 25e6, betweenDrops: [50, 300], env: { UPLOAD_PART_BYTES: '65536' } },
    { store: 'azure', frames: 10, bytesPerSecond: 25e6, betweenDrops: [50, 300], env: { UPLOAD_PART_BYTES: '65536' } },
  ],
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  for (const plan of plans[scale]) await send(plan)
}

async function send(plan: Plan): Promise<void> {
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const azurite = plan.store === 'azure' ? await startAzurite({ isOnDisk: true }) : undefined
  const seed = `line ${plan.store}`
  const source = largeSource(seed, plan.frames)
  const options = {
    databaseUrl: database.appUrl,
    env: {
      ...plan.env,
      ...(azurite
        ? {
            STORAGE: 'azure',
            AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString,
            AZURE_STORAGE_CONTAINER: 'line',
          }
        : {}),
    },
    ...(azurite ? {} : { storageDir: folder }),
  }
  const [backend, worker] = [await startChildBackend(options), await startChildWorker(options)]
  const line = await startBadLine({ target: backend.url, bytesPerSecond: plan.bytesPerSecond, cutAfterMs: 60_000 })
  const breaking = startBreaking(() => line.drop(), plan.betweenDrops)
  try {
    const client = createClient((url, init) => signedFetch(line.url + url, init))
    const started = performance.now()
    const running = startUpload({ client, source, file: { name: 'long-weld.dcm' } })
    const received = until(
      () => running.progress().receivedBytes === source.size || running.progress().phase === 'failed',
    )
    await Promise.race([received, running.done])
    const sentSeconds = (performance.now() - started) / 1000
    breaking.stop()
    const ended = await running.done
    const seconds = (performance.now() - started) / 1000
    assert.ok(breaking.drops() >= minDrops, `only ${breaking.drops()} breaks`)
    assert.equal(ended.outcome?.kind === 'stored' && ended.outcome.sha256, source.sha256())
    const twice = (line.bytesIn() - source.size) / source.size
    assert.ok(twice < maxTwice, `${(twice * 100).toFixed(1)} % of the bytes were sent twice`)
    const peaks = [backend.peakMemory(), worker.peakMemory()]
    assert.ok(Math.max(...peaks) < maxPeakMiB, `peak memory ${peaks.map((peak) => peak.toFixed(0)).join(' and ')} MiB`)
    assert.equal(await readBack(backend.url, seed), source.sha256(), 'the bytes that come back')
    assert.ok(backend.isRunning() && worker.isRunning())
    process.stdout.write(
      `resumable-upload (${plan.store}): ${(source.size / mebi).toFixed(0)} MiB in ${sentSeconds.toFixed(0)} s and ${(seconds - sentSeconds).toFixed(1)} s to store, ` +
        `${breaking.drops()} breaks, ${(twice * 100).toFixed(2)} % sent twice, peak memory backend ${peaks[0]?.toFixed(0)} and worker ${peaks[1]?.toFixed(0)} MiB\n`,
    )
  } finally {
    breaking.stop()
    await line.stop()
    await backend.stop()
    await worker.stop()
    await azurite?.stop()
    await database.stop()
    await remove()
  }
}

/** Breaks the line at random moments in which something is under way. */
function startBreaking(drop: () => number, [least, most]: readonly [number, number]) {
  let drops = 0
  let timer: NodeJS.Timeout
  const next = (): void => {
    timer = setTimeout(
      () => {
        if (drop() > 0) drops += 1
        if (drops < mostDrops) next()
      },
      least + Math.random() * (most - least),
    )
  }
  next()
  return { drops: () => drops, stop: () => clearTimeout(timer) }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function readBack(url: string, seed: string): Promise<string> {
  const instance = `${url}/dicom-web/studies/${uidOf(seed, 'study')}/series/${uidOf(seed, 'series')}/instances/${uidOf(seed, 'instance')}`
  const answer = await signedFetch(instance, { headers: { accept: 'application/dicom; transfer-syntax=*' } })
  assert.equal(answer.status, 200)
  const hash = createHash('sha256')
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) hash.update(chunk)
  return hash.digest('hex')
}
