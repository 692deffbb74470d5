// Large objects of a DICOMweb source lie beside the report until they are sent: what does not fit ends nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import type { TakenObject } from './archive-source.ts'
import { openDicomWeb } from './dicomweb-source.ts'
import { createEffort } from './effort.ts'
import type { Entry } from './journal.ts'
import { type PeerObject, startPeer } from './peer.fixture.ts'

const mebi = 1024 * 1024

const objectOf = (name: string, rows: number): PeerObject => {
  const [study, series, instance] = [uidOf('spool', 'study'), uidOf('spool', 'series'), uidOf('spool', name)]
  const image = { rows, columns: 1024, bitsAllocated: 16 } as const
  const uids = { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance }
  return { study, series, instance, bytes: buildInstance({ ...uids, image }) }
}

test('one that fits not at all is failed, those that fit one after the other come one after the other', async () => {
  const parent = await mkdtemp(path.join(tmpdir(), 'instandt-spool-'))
  const spoolDir = path.join(parent, 'spool')
  // 20 MiB of rows of two KiB, then three of 10, and a small one that needs no room.
  const objects = [10_240, 5120, 5121, 5122, 100].map((rows) => objectOf(String(rows), rows))
  const peer = await startPeer({ objects, page: 100 })
  const roomOf = async (): Promise<number> => {
    const names = await readdir(spoolDir)
    const sizes = await Promise.all(names.map((name) => stat(path.join(spoolDir, name)).catch(() => undefined)))
    return 16 * mebi - sizes.reduce((sum, one) => sum + (one?.size ?? 0), 0)
  }
  try {
    const effort = createEffort(60_000)
    const source = openDicomWeb({ base: peer.base, spoolDir, roomOf, effort })
    const { signal } = effort.gate
    let there = 0
    let most = 0
    const outcomes = await Promise.all(
      objects.map(async ({ study, series, instance }) => {
        const entry = { path: Buffer.from(`studies/${study}/series/${series}/instances/${instance}`) }
        const taken = await source.take(entry as unknown as Entry, signal)
        if (taken?.kind !== 'object') return taken?.reason
        if ('ranges' in taken.bytes) {
          most = Math.max(most, (there += 1))
          await delay(50)
        }
        const sha256 = await hashOf(taken)
        if ('ranges' in taken.bytes) there -= 1
        await taken.release()
        return sha256
      }),
    )
    assert.match(
      outcomes[0] ?? '',
      /^larger than the room beside the report: no more than \d+\.\d MB of it found room$/,
    )
    const wanted = objects.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'))
    assert.deepEqual(outcomes.slice(1), wanted.slice(1))
    assert.equal(most, 1)
    assert.deepEqual(await readdir(spoolDir), [])
  } finally {
    await peer.stop()
    await rm(parent, { recursive: true, force: true })
  }
})

const script = `
  import { createSpool } from ${JSON.stringify(path.join(import.meta.dirname, 'spool.ts'))}
  async function* body() {
    for (let piece = 0; piece < 12; piece += 1) yield Buffer.alloc(1024 * 1024)
  }
  await createSpool(process.argv[1]).keep(body(), () => undefined).catch((error) => {
    process.stdout.write(error.name + ' ' + error.isCrowded + ' ' + error.cause.code)
  })`

test('the word of the system counts before any reckoning', { skip: process.platform === 'win32' }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-spool-'))
  try {
    // No file beyond ten MiB: that error stands for a full disk.
    const command = 'ulimit -f 20480; exec "$0" --input-type=module -e "$1" "$2"'
    const { stdout } = spawnSync('sh', ['-c', command, process.execPath, script, folder], { encoding: 'utf8' })
    assert.equal(stdout, 'NoRoomError false EFBIG')
    assert.deepEqual(await readdir(folder), [])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Of the bytes that would be sent. */
async function hashOf({ bytes, byteSize }: TakenObject): Promise<string> {
  const sent = 'blob' in bytes ? bytes.blob : bytes.ranges.slice(0, byteSize)
  return createHash('sha256')
    .update(new Uint8Array(await sent.arrayBuffer()))
    .digest('hex')
}
