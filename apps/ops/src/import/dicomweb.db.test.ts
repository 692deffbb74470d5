// An archive behind DICOMweb: another instaNDT, and servers with the habits of others.
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { testToken } from '@instandt/testkit'
import { uidOf } from '@instandt/testkit/files'
import { startTestBackend, type TestBackend } from '../../../backend/src/test-backend.fixture.ts'
import { importGiven, objectOf, sha256Of } from './import.fixture.ts'
import { portOf, startLine } from './line.fixture.ts'
import { type PeerObject, sendObject, startPeer } from './peer.fixture.ts'

const given = importGiven()

const allHashes = async ({ db }: TestBackend, seed: string, count: number): Promise<string[]> => {
  const { rows } = await db.pool.query<{ sha256: string }>(
    `select encode(sha256, 'hex') as sha256 from instance where sop_instance_uid = any($1)`,
    [Array.from({ length: count }, (_, number) => uidOf(seed, number))],
  )
  return rows.map(({ sha256 }) => sha256).toSorted()
}

const peerObject = (seed: string, number: number): PeerObject => ({
  study: uidOf(seed, 'study', Math.floor(number / 10)),
  series: uidOf(seed, 'series', Math.floor(number / 5)),
  instance: uidOf(seed, number),
  bytes: objectOf(seed, number),
})
const peerObjects = (seed: string, count: number): PeerObject[] =>
  Array.from({ length: count }, (_, number) => peerObject(seed, number))

test('everything of another instaNDT comes over, byte for byte, large objects too', async () => {
  const source = await startTestBackend({ DERIVE_THREADS: 0 })
  try {
    const objects = Array.from({ length: 45 }, (_, number) => objectOf('other', number))
    const jpeg = objectOf('other', 45, { transferSyntaxUid: '1.2.840.10008.1.2.5' })
    const large = objectOf('other', 46, { image: { rows: 2300, columns: 2300, bitsAllocated: 16 } })
    for (let at = 0; at < 45; at += 15) assert.equal((await source.stow(objects.slice(at, at + 15))).status, 200)
    assert.equal((await source.stow([jpeg, large])).status, 200)
    const authorization = path.join(given.workshop.folder, 'authorization')
    await writeFile(authorization, `Bearer ${testToken}\n`)
    const args = [`${source.url}/dicom-web/`, '--to', given.backend.url, '--source-authorization-file', authorization]

    const dry = await given.workshop.run([...args, '--dry-run'])
    assert.deepEqual([dry.code, dry.summary.files.pending], [0, 47], dry.err)
    const outcome = await given.workshop.run(args)
    assert.equal(outcome.code, 0, outcome.err)
    assert.equal(outcome.summary.files.stored, 47)
    const expected = [...objects, jpeg, large].map(sha256Of).toSorted()
    assert.deepEqual(await allHashes(given.backend, 'other', 47), expected)
    const line = outcome.line(`/instances/${uidOf('other', 46)}`)
    assert.deepEqual(
      [line.byteSize, line.sha256, line.sopInstanceUid],
      [large.length, sha256Of(large), uidOf('other', 46)],
    )
    assert.match(
      line.file,
      /^http:\/\/127\.0\.0\.1:\d+\/dicom-web\/studies\/2\.25\.\d+\/series\/2\.25\.\d+\/instances\//,
    )
    assert.deepEqual(
      (await readdir(given.workshop.folder)).filter((name) => name.endsWith('.spool')),
      [],
      'nothing is left',
    )
    const { rows } = await given.backend.db.pool.query(`select 1 from upload where state = 'stored'`)
    assert.equal(rows.length, 1)

    const again = await given.workshop.run([...args, '--verify'])
    assert.deepEqual([again.code, again.summary.verified], [0, { confirmed: 47, faults: 0 }])
  } finally {
    await source.stop()
  }
})

test('a search is followed page by page, whatever the length of the pages', async () => {
  const objects = peerObjects('pages', 60)
  const peer = await startPeer({ objects, page: 4 })
  try {
    const outcome = await given.workshop.run([peer.base, '--to', given.backend.url])
    assert.deepEqual([outcome.code, outcome.summary.files.stored], [0, 60], outcome.err)
    assert.ok(peer.requests.some((line) => line.endsWith('/studies?limit=500&offset=4')))
    const retrieved = peer.requests.filter((line) => /\/instances\/[^?]+$/.test(line))
    assert.equal(retrieved.length, 60)
    const again = await given.workshop.run([peer.base, '--to', given.backend.url])
    assert.equal(again.code, 0)
    assert.equal(
      peer.requests.filter((line) => /\/instances\/[^?]+$/.test(line)).length,
      60,
      'nothing is fetched twice',
    )
  } finally {
    await peer.stop()
  }
})

test('a server that knows no offset is left after its first page came again', async () => {
  const peer = await startPeer({ objects: peerObjects('no offset', 30), page: 1000, knowsOffset: false })
  try {
    const outcome = await given.workshop.run([peer.base, '--to', given.backend.url])
    assert.deepEqual([outcome.code, outcome.summary.files.stored], [0, 30], outcome.err)
    assert.equal(outcome.summary.isComplete, true)
  } finally {
    await peer.stop()
  }
})

test('busy, cut off, restarted: tried again; what the source cannot give is named and stops nothing', async () => {
  const objects = peerObjects('habits', 12)
  const uid = (number: number): string => uidOf('habits', number)
  let accept: string | undefined
  let waited = 0
  let askedAt = 0
  const peer = await startPeer({
    objects,
    page: 100,
    authorization: 'Basic c2Nhbm5lcjp3ZWxk',
    misbehave(instance, times, answer, headers) {
      accept = headers.accept
      const bytes = objects.find((one) => one.instance === instance)?.bytes ?? new Uint8Array(0)
      if (instance === uid(0) && times === 1) {
        askedAt = Date.now()
        answer.writeHead(429, { 'retry-after': '2' }).end()
      } else if (instance === uid(1) && times === 1) answer.writeHead(503).end('restarting')
      else if (instance === uid(2) && times === 1) sendObject(answer, bytes, 300)
      else if (instance === uid(3) && times === 1) answer.destroy()
      else if (instance === uid(4)) answer.writeHead(404).end('gone')
      else if (instance === uid(5)) answer.writeHead(500).end('broken')
      else if (instance === uid(6)) sendObject(answer, objects[7]?.bytes ?? bytes)
      else if (instance === uid(8)) answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>')
      else if (instance === uid(9)) sendObject(answer, Buffer.from('no object at all, but a part of the right type'))
      else if (instance === uid(10)) answer.writeHead(200, { 'content-type': 'application/dicom' }).end(bytes)
      else {
        if (instance === uid(0)) waited = Date.now() - askedAt
        return false
      }
      return true
    },
  })
  try {
    const token = { INSTANDT_TOKEN: testToken }
    const args = [peer.base, '--to', given.backend.url]
    const stranger = await given.workshop.run(args, token)
    assert.equal(stranger.code, 3)
    assert.match(stranger.err, /answers 401: who are you\?.*INSTANDT_SOURCE_AUTHORIZATION/)
    const outcome = await given.workshop.run(args, {
      ...token,
      INSTANDT_SOURCE_AUTHORIZATION: 'Basic c2Nhbm5lcjp3ZWxk',
    })
    assert.equal(outcome.code, 1, outcome.err)
    assert.equal(accept, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    assert.ok(waited >= 1900, `Retry-After was 2 s, it came back after ${waited} ms`)
    const faults: [number, RegExp][] = [
      [4, /^the source answers 404: gone$/],
      [5, /^the source answers 500: broken$/],
      [6, /^the source gives another object: 2\.25\./],
      [8, /^the source answers with text\/html$/],
      [9, /^what came is not DICOM$/],
    ]
    for (const [number, reason] of faults) {
      const line = outcome.line(`/instances/${uid(number)}`)
      assert.equal(line.result, 'failed')
      assert.match(line.reason ?? '', reason)
    }
    assert.deepEqual([outcome.summary.files.stored, outcome.summary.files.failed], [7, 5])
    const stored = [0, 1, 2, 3, 7, 10, 11].map((number) => sha256Of(objects[number]?.bytes ?? new Uint8Array(0)))
    assert.deepEqual(await allHashes(given.backend, 'habits', 12), stored.toSorted())
  } finally {
    await peer.stop()
  }
})

test('a source that goes away ends it with a code of its own, in the listing too', async () => {
  const peer = await startPeer({ objects: peerObjects('source away', 30), page: 3 })
  const line = await startLine(portOf(peer.base))
  try {
    const args = [`${line.url}/rs`, '--to', given.backend.url, '--wait', '0.01']
    line.lead(undefined)
    const away = await given.workshop.run(args)
    assert.equal(away.code, 4, away.err)
    assert.match(away.err, /the source: .*run it again to go on/)
    line.lead(portOf(peer.base))
    const outcome = await given.workshop.run(args)
    assert.deepEqual([outcome.code, outcome.summary.files.stored], [0, 30], outcome.err)
  } finally {
    await line.stop()
    await peer.stop()
  }
})

test('what a source wants as Authorization does not go over the network in the clear, unless that is asked for', async () => {
  const args = ['http://pacs.example.com/rs', '--to', 'http://127.0.0.1:1']
  const secrets = { INSTANDT_TOKEN: testToken, INSTANDT_SOURCE_AUTHORIZATION: 'Basic c2Nhbm5lcjp3ZWxk' }
  const refused = await given.workshop.run(args, secrets)
  assert.equal(refused.code, 2, refused.err)
  assert.match(
    refused.err,
    /^the source is https, or on this machine: .* in the clear \(--source-in-the-clear allows it\)$/,
  )
  // Allowed, or nothing to give away: it goes on as far as the target, which is away.
  for (const [more, env] of [
    [['--source-in-the-clear'], secrets],
    [[], { INSTANDT_TOKEN: testToken }],
  ] as const) {
    const outcome = await given.workshop.run([...args, ...more], env)
    assert.equal(outcome.code, 4, outcome.err)
  }
})
