import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Download } from '@instandt/api'
import { signedFetch } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { instanceOf, inspectionFiles, post, seriesOf, studyOf } from '../archive.fixture.ts'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { noteMended } from '../data/mended.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let blobFolder: string
const folder = mkdtempSync(path.join(tmpdir(), 'instandt-download-'))
const needsTools =
  existsSync('/usr/bin/unzip') && existsSync('/usr/bin/dcmdump')
    ? false
    : 'needs unzip and dcmdump (Debian: apt-get install unzip dcmtk)'

const files = new Map<string, Buffer>()
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

before(async () => {
  backend = await startTestBackend()
  blobFolder = backend.deps.config.STORAGE_DIR ?? ''
  for (const [seed, count, views] of [
    ['one', 3, 2],
    ['two', 2, 1],
  ] as const) {
    const made = inspectionFiles(seed, count, views, { PatientName: `Läufer ${seed}`, StudyDate: '20261126' })
    assert.equal((await backend.stow(made)).status, 200)
    for (const [index, file] of made.entries()) files.set(instanceOf(seed, index), file)
  }
})
after(async () => {
  await backend.stop()
  rmSync(folder, { recursive: true, force: true })
})

function run(program: string, args: string[], cwd = folder): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, maxBuffer: 2 ** 26 })
  assert.equal(status, 0, `${program} ${args.join(' ')}: ${stderr.toString()}${stdout.toString().slice(-1000)}`)
  return stdout.toString()
}

/** Unpacks an answer with Debian's unzip, after its own check of all sums. */
async function unpack(answer: Response, name: string): Promise<{ place: string; names: string[] }> {
  assert.equal(answer.status, 200, answer.ok ? '' : await answer.clone().text())
  assert.equal(answer.headers.get('content-type'), 'application/zip')
  const bytes = Buffer.from(await answer.arrayBuffer())
  assert.equal(bytes.length, Number(answer.headers.get('content-length')))
  const zip = path.join(folder, `${name}.zip`)
  const place = path.join(folder, name)
  writeFileSync(zip, bytes)
  run('unzip', ['-tqq', zip])
  run('unzip', ['-qq', zip, '-d', place])
  return { place, names: run('zipinfo', ['-1', zip]).trim().split('\n') }
}

const download = (address: string, headers: Record<string, string> = {}): Promise<Response> =>
  backend.get(address, headers)

const choose = async (items: object[]): Promise<Download> => {
  const { status, body } = await post(backend, '/api/downloads', { items })
  assert.equal(status, 201, JSON.stringify(body))
  return body as unknown as Download
}

const events = async (): Promise<{ study: string; count: number }[]> => {
  const { rows } = await backend.db.pool.query<{ study: string; count: number }>(
    `select study_instance_uid as study, count from audit_event where action = 'image.download' order by id`,
  )
  return rows
}

test(
  'an inspection comes whole, byte for byte, with its check sums and a directory',
  { skip: needsTools },
  async () => {
    const { place, names } = await unpack(await download(`/api/inspections/${studyOf('one')}/download`), 'whole')
    assert.deepEqual(names, [
      'DICOMDIR',
      ...[1, 2].flatMap((view) => [1, 2, 3].map((image) => `DICOM/ST000001/SE00000${view}/IM00000${image}`)),
      'SHA256SUMS',
    ])
    for (const [index, name] of names.slice(1, -1).entries())
      assert.ok(
        readFileSync(path.join(place, name)).equals(files.get(instanceOf('one', index)) ?? Buffer.alloc(0)),
        name,
      )
    assert.equal(run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], place), '')
    assert.equal(readFileSync(path.join(place, 'SHA256SUMS'), 'utf8').split('\n').length, names.length)
  },
)

test('another program reads the directory and finds every file by it', { skip: needsTools }, async () => {
  const { address } = await choose([{ study: studyOf('one') }, { study: studyOf('two') }])
  const { place } = await unpack(await download(address), 'directory')
  const dump = run('dcmdump', ['--print-all', '--convert-to-utf8', '+L', 'DICOMDIR'], place)
  const types = [...dump.matchAll(/CS \[(PATIENT|STUDY|SERIES|IMAGE)\s*\]/g)].map(([, type]) => type)
  const view = (count: number): string[] => ['SERIES', ...Array.from({ length: count }, () => 'IMAGE')]
  assert.deepEqual(types, ['PATIENT', 'STUDY', ...view(3), ...view(3), 'PATIENT', 'STUDY', ...view(2)])
  assert.match(dump, /PN \[Läufer one/)
  for (const [, file = ''] of dump.matchAll(/CS \[(DICOM\\[^\]]+)\]/g)) {
    const uids = run('dcmdump', ['--search', 'SOPInstanceUID', file.trim().replaceAll('\\', '/')], place)
    const [, uid = ''] = /\[([\d.]+)\]/.exec(uids) ?? []
    assert.ok(files.has(uid), file)
    assert.ok(dump.includes(uid), 'the record names the instance')
  }
})

test('a view, an instance and a choice hold what was asked for and nothing else', { skip: needsTools }, async () => {
  const view = await unpack(
    await download(`/api/inspections/${studyOf('one')}/views/${seriesOf('one', 1)}/download`),
    'view',
  )
  assert.equal(view.names.length, 3 + 2)
  const first = readFileSync(path.join(view.place, 'DICOM/ST000001/SE000001/IM000001'))
  assert.ok(first.equals(files.get(instanceOf('one', 3)) ?? Buffer.alloc(0)))

  const instances = [instanceOf('one', 4), instanceOf('one', 0)]
  const chosen = await choose([
    { study: studyOf('one'), instances },
    { study: studyOf('two'), series: seriesOf('two') },
    // Named twice is there once.
    { study: studyOf('two'), instances: [instanceOf('two', 1)] },
  ])
  assert.equal(chosen.instanceCount, 4)
  assert.equal(
    chosen.byteSize,
    [...instances, instanceOf('two', 0), instanceOf('two', 1)].reduce(
      (sum, uid) => sum + (files.get(uid)?.length ?? 0),
      0,
    ),
  )
  const { place, names } = await unpack(await download(chosen.address), 'chosen')
  assert.deepEqual(
    names.slice(1, -1).map((name) => sha256(readFileSync(path.join(place, name)))),
    ['one 0', 'one 4', 'two 0', 'two 1'].map((words) => {
      const [seed = '', index] = words.split(' ')
      return sha256(files.get(instanceOf(seed, Number(index))) ?? Buffer.alloc(0))
    }),
  )
})

test('DICOMweb gives a ZIP at each level to whoever asks for one', { skip: needsTools }, async () => {
  const study = `/dicom-web/studies/${studyOf('one')}`
  const series = `${study}/series/${seriesOf('one')}`
  for (const [index, [address, count]] of (
    [
      [study, 6],
      [series, 3],
      [`${series}/instances/${instanceOf('one', 1)}`, 1],
      [`${study}?accept=application/zip`, 6],
    ] as [string, number][]
  ).entries()) {
    const headers: Record<string, string> = address.includes('?') ? {} : { accept: 'application/zip' }
    const { names } = await unpack(await download(address, headers), `web${index}`)
    assert.equal(names.length, count + 2, address)
  }
  assert.equal((await download(study, { accept: 'application/x-tar' })).status, 406)
})

test('the length is told without reading, equal archives are equal, and a known one is not sent again', async () => {
  const address = `/api/inspections/${studyOf('two')}/download`
  const before = (await events()).length
  const head = await signedFetch(backend.url + address, { method: 'HEAD' })
  assert.equal((await events()).length, before, 'nothing was downloaded')
  const [one, other] = [await download(address), await download(address)]
  const bytes = Buffer.from(await one.arrayBuffer())
  assert.equal(Number(head.headers.get('content-length')), bytes.length)
  assert.ok(bytes.equals(Buffer.from(await other.arrayBuffer())))
  const etag = one.headers.get('etag') ?? ''
  assert.equal((await download(address, { 'if-none-match': etag })).status, 304)
  assert.match(one.headers.get('content-disposition') ?? '', /^attachment; filename="B-two-JOB-two\.zip"$/)
})

test('each download is in the audit, by inspection, with how many instances', async () => {
  const before = (await events()).length
  await (await download(`/api/inspections/${studyOf('one')}/views/${seriesOf('one')}/download`)).arrayBuffer()
  const { address } = await choose([{ study: studyOf('one') }, { study: studyOf('two') }])
  await (await download(address)).arrayBuffer()
  const added = (await events()).slice(before)
  assert.deepEqual(added.slice(0, 1), [{ study: studyOf('one'), count: 3 }])
  assert.deepEqual(
    new Set(added.slice(1).map(({ study, count }) => `${study} ${count}`)),
    new Set([`${studyOf('one')} 6`, `${studyOf('two')} 2`]),
  )
})

test('an archive that broke off goes on anywhere, byte for byte', async () => {
  const address = `/api/inspections/${studyOf('one')}/download`
  const whole = Buffer.from(await (await download(address)).arrayBuffer())
  const steps = Array.from({ length: 97 }, (_, step) => Math.floor((whole.length * step) / 97))
  for (const from of [1, 29, ...steps, whole.length - 23, whole.length - 1]) {
    const answer = await download(address, { range: `bytes=${from}-` })
    assert.equal(answer.status, 206)
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(whole.subarray(from)), `from ${from}`)
  }
  const middle = await download(address, { range: 'bytes=1000-5000' })
  assert.ok(Buffer.from(await middle.arrayBuffer()).equals(whole.subarray(1000, 5001)))
})

test('what was sent of a large archive is not read again when it goes on', async () => {
  const size = { columns: 6400, rows: 6400 }
  const pixels = new Uint8Array(size.columns * size.rows * 2).map((_, at) => at % 251)
  const of = { studyInstanceUid: uidOf('resumed'), seriesInstanceUid: uidOf('resumed view') }
  const made = ['small', 'large', 'last'].map((seed) =>
    buildInstance({ seed, ...of, image: seed === 'large' ? { ...size, frame: () => pixels } : {} }),
  )
  for (const file of made) assert.equal((await backend.stow([file])).status, 200)
  const address = `/api/inspections/${of.studyInstanceUid}/download`
  const etag = (await download(address, { range: 'bytes=0-0' })).headers.get('etag') ?? ''
  const whole = Buffer.from(await (await download(address)).arrayBuffer())
  await backend.db.pool.query('delete from instance_crc')
  const leaving = new AbortController()
  const broken = await signedFetch(backend.url + address, { signal: leaving.signal })
  const reader = broken.body!.getReader()
  for (let read = 0; read < 75 * 1024 * 1024;) read += (await reader.read()).value!.length
  leaving.abort()
  // Kept once the server has noticed.
  const isNoted = async (): Promise<boolean> =>
    ((await backend.db.pool.query('select from instance_crc')).rowCount ?? 0) > 0
  for (let tries = 0; tries < 200 && !(await isNoted()); tries += 1) await delay(25)
  const placeOf = async (seed: string): Promise<string> => {
    const { rows } = await backend.db.pool.query<{ blob_key: string }>(
      'select blob_key from instance where sop_instance_uid = $1',
      [uidOf(seed, 'instance')],
    )
    return path.join(blobFolder, rows[0]!.blob_key)
  }
  const order = ['small', 'large', 'last'].sort(
    (a, b) => whole.indexOf(uidOf(a, 'instance')) - whole.indexOf(uidOf(b, 'instance')),
  )
  // Whatever is read of these again would show.
  const at = whole.indexOf(Buffer.from(pixels.subarray(0, 4096)))
  for (const seed of order.slice(0, order.indexOf('large'))) truncateSync(await placeOf(seed), 10)
  const large = await placeOf('large')
  const bytes = readFileSync(large)
  bytes.fill(0, 0, 60 * 1024 * 1024)
  chmodSync(large, 0o644)
  writeFileSync(large, bytes)
  const from = at + 70 * 1024 * 1024
  const rest = await download(address, { range: `bytes=${from}-`, 'if-range': etag })
  assert.equal(rest.status, 206)
  assert.ok(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(from)))
  // What was summed up of damaged bytes is of no use once they are right again: another archive, whose ETag tells.
  const client = await backend.db.pool.connect()
  await noteMended(client, [path.relative(blobFolder, large)])
  client.release()
  writeFileSync(large, made[1]!)
  for (const seed of order.slice(0, order.indexOf('large')))
    writeFileSync(await placeOf(seed), made[['small', 'large', 'last'].indexOf(seed)]!)
  await backend.db.pool.query('update instance_crc set crc = 7')
  const mended = await download(address, { range: `bytes=${whole.length - 100_000}-`, 'if-range': etag })
  assert.equal(mended.status, 200)
  await mended.arrayBuffer()
  const { rows } = await backend.db.pool.query<{ crc: number }>(
    'select c.crc from instance_crc c join instance i on i.id = c.instance_id where i.sop_instance_uid = $1',
    [uidOf('large', 'instance')],
  )
  assert.ok(rows.length >= 2 && rows.every(({ crc }) => crc !== 7))
})

test('nobody downloads what is outside their projects, nor what another one chose', async () => {
  await addProject(backend.db, 'elsewhere')
  const stranger = await tokenHeaders(backend.db, 'reader', ['elsewhere'])
  const ask = (address: string, headers: Record<string, string>): Promise<Response> =>
    fetch(backend.url + address, { headers })
  for (const address of [
    `/api/inspections/${studyOf('one')}/download`,
    `/api/inspections/${studyOf('one')}/views/${seriesOf('one')}/download`,
    `/dicom-web/studies/${studyOf('one')}?accept=application/zip`,
  ]) {
    const answer = await ask(address, stranger)
    const unknown = await ask(address.replace(studyOf('one'), '1.2.3'), stranger)
    assert.equal(answer.status, 404)
    assert.equal(
      (await answer.text()).replace(/"requestId":"[^"]+"/, ''),
      (await unknown.text()).replace(/"requestId":"[^"]+"/, ''),
    )
  }
  const foreign = await post(backend, '/api/downloads', { items: [{ study: studyOf('one') }] }, stranger)
  assert.equal(foreign.status, 404)
  const { address } = await choose([{ study: studyOf('one') }])
  const colleague = await addPerson(backend.db, { memberships: { default: 'viewer' } })
  const answer = await ask(address, await sessionHeaders(backend.db, colleague.id, backend.url))
  assert.equal(answer.status, 404)
  const sender = await tokenHeaders(backend.db, 'sender', ['default'])
  assert.equal((await ask(`/api/inspections/${studyOf('one')}/download`, sender)).status, 403)
})

test('a choice of which a part is not there is refused, never sent without it', async () => {
  const missing = [{ study: studyOf('one'), instances: [instanceOf('one', 0), '1.2.3.4'] }]
  assert.equal((await post(backend, '/api/downloads', { items: missing })).code, 'instance-not-found')
  for (const items of [[], [{ study: 'x' }], [{ study: studyOf('one'), instances: [] }], [{ view: '1' }], 'all'])
    assert.equal((await post(backend, '/api/downloads', { items })).code, 'malformed-body', JSON.stringify(items))

  const made = inspectionFiles('passing', 2)
  assert.equal((await backend.stow(made)).status, 200)
  const items = [{ study: studyOf('passing'), instances: [instanceOf('passing', 0), instanceOf('passing', 1)] }]
  const { address } = await choose(items)
  await post(backend, `/api/inspections/${studyOf('passing')}/delete`, {
    reason: 'a test shot',
    instances: [instanceOf('passing', 0)],
  })
  assert.equal((await download(address)).status, 404)
  assert.equal((await download('/api/inspections/1%00/download')).status, 404)
})

test('bytes that end too early break the connection off', async () => {
  assert.equal((await backend.stow(largeFiles('short', 3))).status, 200)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from instance where sop_instance_uid = $1',
    [instanceOf('short', 2)],
  )
  truncateSync(path.join(blobFolder, rows[0]?.blob_key ?? ''), 500_000)
  const answer = await download(`/api/inspections/${studyOf('short')}/download`)
  assert.equal(answer.status, 200)
  await assert.rejects(answer.arrayBuffer())
})

/** Instances of a megabyte. */
const largeFiles = (seed: string, count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) =>
    Buffer.from(
      buildInstance({
        studyInstanceUid: studyOf(seed),
        seriesInstanceUid: seriesOf(seed),
        sopInstanceUid: uidOf(seed, `instance ${index}`),
        image: { rows: 1024, columns: 1024, bitsAllocated: 8, bitsStored: 8, frame: () => new Uint8Array(1024 * 1024) },
      }),
    ),
  )

test('a reader who leaves or waits makes nobody read on, and holds no connection to the database', async () => {
  assert.equal((await backend.stow(largeFiles('slow', 40))).status, 200)
  const { blobs } = backend.deps
  const read = blobs.read.bind(blobs)
  let opened = 0
  Object.assign(blobs, {
    read(...args: Parameters<typeof read>) {
      opened += 1
      return read(...args)
    },
  })
  try {
    const leaving = new AbortController()
    const answer = await signedFetch(`${backend.url}/api/inspections/${studyOf('slow')}/download`, {
      signal: leaving.signal,
    })
    await delay(300)
    assert.ok(opened < 30, `${opened} of 40 files were opened for a reader who took none`)
    const { pool } = backend.db
    assert.equal(pool.idleCount, pool.totalCount)
    leaving.abort()
    await assert.rejects(answer.arrayBuffer())
    const then = opened
    await delay(300)
    assert.equal(opened, then)
  } finally {
    Object.assign(blobs, { read })
  }
})

test('an instance that is corrected or deleted in the middle breaks the archive off', async () => {
  for (const [seed, change] of [
    ['changed', `update instance set sha256 = sha256('\\x00') where sop_instance_uid = $1`],
    ['gone', 'delete from instance where sop_instance_uid = $1'],
  ] as const) {
    // Rows are read in pages of two hundred: the last lies on a page that is asked for later.
    const made = inspectionFiles(seed, 650)
    assert.equal((await backend.stow(made)).status, 200)
    const { blobs } = backend.deps
    const read = blobs.read.bind(blobs)
    let isChanged = false
    Object.assign(blobs, {
      async read(...args: Parameters<typeof read>) {
        if (!isChanged) {
          isChanged = true
          await backend.db.pool.query(change, [instanceOf(seed, 649)])
        }
        return read(...args)
      },
    })
    try {
      const answer = await download(`/api/inspections/${studyOf(seed)}/download`)
      assert.equal(answer.status, 200)
      await assert.rejects(answer.arrayBuffer(), seed)
    } finally {
      Object.assign(blobs, { read })
    }
  }
})
