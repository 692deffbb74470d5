import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readlinkSync, truncateSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get as httpGet } from 'node:http'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dataset } from '@instandt/dicom'
import { testCaller } from '@instandt/testkit'
import { collect } from '../../storage/bytes.fixture.ts'
import { imageLines, makeFile, syntaxes } from './wado.fixture.ts'
import { database, folder, get, native, origin, request, store } from './wado-server.fixture.ts'

test('bytes that end too early break the connection off', async () => {
  const { bytes } = native({ rows: 1000, columns: 1000 })
  const { path: address, blobKey } = await store(bytes)
  truncateSync(path.join(folder, blobKey), 1_200_000)
  for (const route of [address, `${address}/frames/1`]) {
    await assert.rejects(request(route), /aborted|hang up|ECONNRESET/)
    await assert.rejects(
      request(route, { accept: 'application/dicom, application/octet-stream' }),
      /aborted|hang up|ECONNRESET/,
    )
  }
  const series = address.slice(0, address.indexOf('/instances'))
  await assert.rejects(request(series), /aborted|hang up|ECONNRESET/)
  await database.db.pool.query('delete from instance where blob_key = $1', [blobKey])
})

test('bytes of a small file that end too early get a status: nothing has been sent yet', async () => {
  const { path: address, blobKey } = await store(native({ rows: 600, columns: 600 }).bytes)
  truncateSync(path.join(folder, blobKey), 700_000)
  for (const accept of ['application/dicom', 'multipart/related; type="application/dicom"']) {
    const { status, body } = await request(address, { accept })
    assert.equal(status, 500)
    assert.match(body.toString(), /blob-truncated/)
  }
  await database.db.pool.query('delete from instance where blob_key = $1', [blobKey])
})

function openBlobFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      // Closed since it was listed.
      return []
    }
  })
}

const needsProc = process.platform === 'linux' ? false : 'needs /proc to count open files'

test(
  'a client that leaves in the middle leaves no open file and no busy connection to the database',
  { skip: needsProc },
  async () => {
    const study = '1.2.3.88'
    for (let number = 0; number < 12; number += 1) {
      const extra = [
        ['0020000D', 'UI', study] as [string, string, string],
        ['0020000E', 'UI', `${study}.1`] as [string, string, string],
      ]
      const pixels = ['7FE00010', 'OW', randomBytes(2_000_000)] as [string, string, Buffer]
      await store(
        makeFile(
          syntaxes.explicit,
          imageLines({ uid: `${study}.1.${number}`, rows: 1000, columns: 1000, bits: 16, extra, pixels }),
        ),
      )
    }
    for (const route of [`/studies/${study}`, `/studies/${study}/series/${study}.1/instances/${study}.1.3`]) {
      for (const bytesRead of [0, 1, 3_000_000]) {
        const call = httpGet(`${origin}/dicom-web${route}`, { agent: false, headers: testCaller })
        call.on('error', () => undefined)
        const [message] = (await once(call, 'response')) as [IncomingMessage]
        message.on('error', () => undefined)
        let read = 0
        if (bytesRead > 0) {
          for await (const chunk of message) {
            read += (chunk as Buffer).length
            if (read >= bytesRead) break
          }
        }
        call.destroy()
      }
    }
    for (let attempt = 0; attempt < 50 && openBlobFiles().length > 0; attempt += 1) await delay(20)
    assert.deepEqual(openBlobFiles(), [])
    assert.equal(database.db.pool.idleCount, database.db.pool.totalCount)
  },
)

test('readers of different speed get their own bytes from memory that is used again', async () => {
  const study = '1.2.3.88'
  const wanted = createHash('sha256')
    .update((await get(`/studies/${study}`)).body)
    .digest('hex')
  const read = async (pause: number): Promise<string> => {
    const hash = createHash('sha256')
    const call = httpGet(`${origin}/dicom-web/studies/${study}`, { agent: false, headers: testCaller })
    const [message] = (await once(call, 'response')) as [IncomingMessage]
    let chunks = 0
    for await (const chunk of message) {
      hash.update(chunk as Buffer)
      chunks += 1
      if (pause > 0 && chunks % 40 === 0) await delay(pause)
    }
    return hash.digest('hex')
  }
  const hashes = await Promise.all([0, 3, 0, 9, 0, 1, 0].map(read))
  assert.deepEqual(
    hashes,
    hashes.map(() => wanted),
  )
})

test('a slow reader of long metadata holds no connection to the database', async () => {
  const study = '1.2.3.99'
  const lines = imageLines({ uid: `${study}.1.1`, rows: 2, columns: 2, bits: 16 }).map((line): typeof line =>
    line[0] === '0020000D' ? ['0020000D', 'UI', study] : line,
  )
  const { path: address } = await store(
    makeFile(syntaxes.explicit, [...lines, ['00324000', 'UT', randomBytes(3_000).toString('hex')]]),
  )
  const copies = 3_000
  await database.db.pool.query(
    `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, byte_size,
        sha256, blob_key, attributes, metadata)
      select series_id, study_id, project_id, sop_instance_uid || '.' || n, '', transfer_syntax_uid, n, 1, sha256, blob_key || n, '{}', metadata
      from instance, generate_series(1, $2) n where sop_instance_uid = $1`,
    [`${study}.1.1`, copies],
  )
  const { pool } = database.db
  const query = pool.query.bind(pool) as (...values: unknown[]) => unknown
  let pages = 0
  Object.assign(pool, {
    query(...values: unknown[]) {
      if ((values[0] as { name?: string }).name === 'wado-metadata') pages += 1
      return query(...values)
    },
  })
  try {
    const call = httpGet(`${origin}/dicom-web/studies/${study}/metadata`, { agent: false, headers: testCaller })
    const [message] = (await once(call, 'response')) as [IncomingMessage]
    // What is asked for ahead comes to an end, however slow the machine is; then nothing happens any more.
    for (let tries = 0; tries < 50 && (tries < 3 || pool.idleCount < pool.totalCount); tries += 1) await delay(100)
    assert.equal(pool.idleCount, pool.totalCount)
    assert.ok(pages < copies / 400, `${pages} pages were read for a reader who took none`)
    const datasets = JSON.parse((await collect(message)).toString()) as Dataset[]
    assert.equal(datasets.length, copies + 1)
    assert.ok(pages > copies / 400)
  } finally {
    Object.assign(pool, { query })
  }
  assert.ok((await get(`${address}/metadata`)).body.length > 6_000)
})
