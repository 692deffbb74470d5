// One very large multi-frame instance goes in and one frame comes out, with the backend's memory bounded.
import assert from 'node:assert/strict'
import { signedFetch, testDatabase } from '@instandt/testkit'
import { streamInstance, uidOf } from '@instandt/testkit/files'
import { startChildBackend, stowStream, temporaryFolder } from './child-backend.ts'

const frameBytes = 2 * 1024 * 1024
const maxPeakMiB = 350

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const frames = scale === 'full' ? 1024 : 32
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const frame = (index: number): Uint8Array => new Uint8Array(frameBytes).fill((index * 7 + 1) & 0xff)
  try {
    const backend = await startChildBackend({ databaseUrl: database.appUrl, storageDir: folder })
    const file = streamInstance({ seed: 'big', image: { rows: 1024, columns: 1024, bitsAllocated: 16, frames, frame } })
    assert.equal((await stowStream(backend.url, file)).status, 200)
    const wanted = frames - 3
    const instance = `${backend.url}/dicom-web/studies/${uidOf('big', 'study')}/series/${uidOf('big', 'series')}/instances/${uidOf('big', 'instance')}`
    const got = Buffer.from(
      await (
        await signedFetch(`${instance}/frames/${wanted}`, { headers: { accept: 'application/octet-stream' } })
      ).arrayBuffer(),
    )
    assert.ok(got.includes(Buffer.from(frame(wanted - 1))), 'the frame is not the one written')
    const peak = backend.peakMemory()
    await backend.stop()
    assert.ok(peak < maxPeakMiB, `the backend's peak memory was ${peak.toFixed(0)} MiB`)
    process.stdout.write(
      `big-instance: ${(frames * frameBytes) / 2 ** 20} MiB in, frame ${wanted} out, peak memory ${peak.toFixed(0)} MiB\n`,
    )
  } finally {
    await database.stop()
    await remove()
  }
}
