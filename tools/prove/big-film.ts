// One frame larger than any graphics card takes: made ready for screens, rendered and transcoded, with bounded memory.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeFrame } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { signedFetch, testDatabase } from '@instandt/testkit'
import { streamInstance, uidOf } from '@instandt/testkit/files'
import { startChildBackend, startChildWorker, stowStream, temporaryFolder } from './child-backend.ts'
import { greyFormat } from '../../packages/pixels/src/grey-format.fixture.ts'

const mebi = 2 ** 20
const jpegLs = '1.2.840.10008.1.2.4.80'
/** MiB that a process has without any image. */
const own = 300

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const edge = scale === 'full' ? 14_190 : 2600
  const values = new Uint16Array(edge * edge)
  let state = 7
  for (let at = 0; at < values.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    values[at] = 800 + Math.floor((at % edge) / 8) + Math.floor(at / edge / 8) + (state >>> 28)
  }
  const pixels = new Uint8Array(values.buffer)
  const frameMiB = pixels.length / mebi
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const child = { databaseUrl: database.appUrl, storageDir: folder }
  const words: string[] = []
  try {
    const backend = await startChildBackend(child)
    const worker = await startChildWorker(child)
    const peakOf = (what: string, process: { peakMemory(): number }, most: number): void => {
      const peak = process.peakMemory()
      words.push(`${what} ${peak.toFixed(0)} MiB`)
      assert.ok(peak < most, `${what}: the peak was ${peak.toFixed(0)} MiB`)
    }
    const image = { rows: edge, columns: edge, bitsAllocated: 16, frame: () => pixels } as const
    assert.equal((await stowStream(backend.url, streamInstance({ seed: 'film', image }))).status, 200)
    const started = performance.now()
    const job = async () =>
      (await database.db.pool.query<{ state: string; reason: string | null }>('select * from rendition_job')).rows[0]
    while ((await job())?.state === 'waiting' && performance.now() - started < 300_000) await delay(100)
    assert.equal((await job())?.state, 'made', (await job())?.reason ?? '')
    words.push(`made in ${((performance.now() - started) / 1000).toFixed(0)} s`)
    peakOf('worker', worker, own + 250)
    await worker.stop()

    const address = `${backend.url}/dicom-web/studies/${uidOf('film', 'study')}/series/${uidOf('film', 'series')}/instances/${uidOf('film', 'instance')}`
    const get = async (place: string, accept: string): Promise<Uint8Array<ArrayBuffer>> => {
      const answer = await signedFetch(address + place, { headers: { accept } })
      const bytes = new Uint8Array(await answer.arrayBuffer())
      assert.equal(answer.status, 200, Buffer.from(bytes.subarray(0, 300)).toString())
      return bytes
    }
    await get('/rendered?viewport=1000,1000', 'image/jpeg')
    await get(`/rendered?viewport=512,512,${edge - 600},${edge - 600},512,512`, 'image/png')
    peakOf('rendered whole and in part', backend, own + 250)
    const implicit = await get('', 'application/dicom; transfer-syntax=1.2.840.10008.1.2')
    assert.ok(Buffer.from(implicit.buffer, implicit.length - pixels.length).equals(pixels), 'the copied pixels differ')
    peakOf('native in the other encoding', backend, own + 250)

    const format = greyFormat(edge)
    const compressed = await get('/frames/1', `image/jls; transfer-syntax=${jpegLs}`)
    // Read, decoded, as the encoder has it and what it makes.
    peakOf('frame as JPEG-LS', backend, own + 250 + 4 * frameMiB)
    const { stored } = await decodeFrame(compressed, jpegLs, format, createNodeCodecs())
    assert.ok(Buffer.from(stored.buffer).equals(pixels), 'the compressed pixels differ')
    await backend.stop()
    process.stdout.write(`big-film: one frame of ${frameMiB.toFixed(0)} MiB; peaks: ${words.join(', ')}\n`)
  } finally {
    await database.stop()
    await remove()
  }
}
