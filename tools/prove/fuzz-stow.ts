// Mutated files through STOW-RS: no crash, no hang, no 5xx, memory bounded.
import assert from 'node:assert/strict'
import { testDatabase, signedFetch } from '@instandt/testkit'
import { buildInstance } from '@instandt/testkit/files'
import { startChildBackend, stowFile, temporaryFolder } from './child-backend.ts'

const maxPeakMiB = 450

/** Small and repeatable (mulberry32): a failure names the seed that made it. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const syntaxes = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.4.80',
]

function mutate(file: Uint8Array, random: () => number): Uint8Array {
  let bytes = Buffer.from(file)
  const changes = 1 + Math.floor(random() * 6)
  for (let change = 0; change < changes; change += 1) {
    // Headers decide, so most changes fall there.
    const at = Math.floor(random() * (random() < 0.8 ? Math.min(bytes.length, 1200) : bytes.length))
    const kind = random()
    if (kind < 0.5) bytes[at] = Math.floor(random() * 256)
    else if (kind < 0.65) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(random() * 64))])
    else if (kind < 0.8) bytes = bytes.subarray(0, Math.max(1, at))
    else if (at + 4 < bytes.length)
      bytes.writeUInt32LE(random() < 0.5 ? 0xffffffff : Math.floor(random() * 2 ** 32), at)
  }
  return bytes
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const count = scale === 'full' ? 2000 : 150
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  // Each its own UIDs: otherwise all but the first would be refused as duplicates, and less code would run.
  const original = (seed: number): Uint8Array => {
    const transferSyntaxUid = syntaxes[seed % syntaxes.length] as string
    return buildInstance({ seed: `fuzz-${seed}`, transferSyntaxUid, image: { rows: 24, columns: 24, frames: 2 } })
  }
  const statuses = new Map<number, number>()
  try {
    const backend = await startChildBackend({ databaseUrl: database.appUrl, storageDir: folder })
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < count) {
        const seed = next
        next += 1
        const answer = await stowFile(backend.url, mutate(original(seed), createRandom(seed)))
        assert.ok(answer, `no answer for seed ${seed}`)
        assert.ok(answer.status < 500, `seed ${seed}: ${answer.status} ${answer.text}`)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: 4 }, lane))
    const live = await signedFetch(`${backend.url}/health/ready`)
    assert.equal(live.status, 200)
    const peak = backend.peakMemory()
    await backend.stop()
    assert.ok(peak < maxPeakMiB, `the backend's peak memory was ${peak.toFixed(0)} MiB`)
    process.stdout.write(
      `fuzz-stow: ${count} files, answers ${JSON.stringify(Object.fromEntries(statuses))}, peak memory ${peak.toFixed(0)} MiB\n`,
    )
  } finally {
    await database.stop()
    await remove()
  }
}
