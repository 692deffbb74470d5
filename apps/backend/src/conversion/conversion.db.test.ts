// Files of other formats, sent in parts: what becomes of them, and of their originals and templates.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  type ConversionForm,
  type ConversionTemplate,
  instancePageSchema,
  originalUrl,
  templateListSchema,
  templatesUrl,
  templateUrl,
  type Upload,
} from '@instandt/api'
import { getNumbers, getString, parseDataset, tags } from '@instandt/dicom'
import { buildPng, buildTiff, uidOf } from '@instandt/testkit/files'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { startJobs } from '../jobs/index.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import type { RunningTasks } from '../jobs/run-tasks.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { ask, begin, blobKeys, partBytes, problemOf, type Sender, senderOf, upload } from '../upload/upload.fixture.ts'

let backend: TestBackend
let jobs: RunningTasks
let sender: Sender
before(async () => {
  backend = await startTestBackend({ UPLOAD_PART_BYTES: partBytes, DERIVE_THREADS: 0 })
  await addProject(backend.db, 'own')
  await addProject(backend.db, 'other')
  jobs = await startJobs(backend.deps)
  const { id } = await addPerson(backend.db, { memberships: { own: 'level-ii' } })
  sender = senderOf(backend, await sessionHeaders(backend.db, id, backend.url))
})
after(async () => {
  await jobs.stop()
  await backend.stop()
})

const form: ConversionForm = {
  component: { name: 'Gehäuse 7', number: 'W-17' },
  inspection: { date: '2026-05-18', orderNumber: 'WO-1' },
  view: { description: 'Films' },
  source: 'film',
  equipment: { manufacturer: 'Array Corp', model: '2905' },
  digitiser: { digitiserClass: 'DS', densityFrom: 0.5, densityTo: 4.7 },
  pixelSize: { kind: 'file' },
}
const content = (more: object = {}) => ({ content: { kind: 'convert', form, ...more }, project: 'own' })

const pixelsOf = (seed: number): Uint8Array =>
  new Uint8Array(Uint16Array.from({ length: 300 * 200 }, (_, at) => (at * 7 + seed) & 0xffff).buffer)
const film = (seed: number, pages = 1): Uint8Array =>
  buildTiff(
    Array.from({ length: pages }, (_, page) => ({
      columns: 300,
      rows: 200,
      pixels: pixelsOf(seed + page),
      compression: 'lzw' as const,
      rowsPerStrip: 20,
      dpi: 508,
    })),
  )

const storedOf = ({ outcome, state }: Upload) => {
  assert.equal(state, 'stored', JSON.stringify(outcome))
  assert.ok(outcome?.kind === 'stored')
  return outcome
}

async function metadataOf(place: { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string }) {
  const url = `/dicom-web/studies/${place.studyInstanceUid}/series/${place.seriesInstanceUid}/instances/${place.sopInstanceUid}`
  const answer = await fetch(`${backend.url}${url}/metadata`, { headers: sender.headers })
  assert.equal(answer.status, 200)
  const [item] = JSON.parse(await answer.text()) as unknown[]
  return { url, dataset: parseDataset(JSON.stringify(item)) }
}

test('a film becomes an image of this archive, its pixels equal to the bit, its file kept beside', async () => {
  const file = film(1)
  const outcome = storedOf(await upload(sender, file, { name: 'Filme/W-17 "a".tif', ...content() }))
  assert.equal(outcome.objectCount, 1)
  assert.equal(outcome.sha256, createHash('sha256').update(file).digest('hex'))
  const { url, dataset } = await metadataOf(outcome)
  assert.equal(getString(dataset, tags.sopClassUid), '1.2.840.10008.5.1.4.1.1.1')
  assert.deepEqual(getNumbers(dataset, tags.nominalScannedPixelSpacing), [0.05, 0.05])
  const frame = await fetch(`${backend.url}${url}/frames/1`, {
    headers: { ...sender.headers, accept: 'application/octet-stream' },
  })
  assert.ok(Buffer.from(await frame.arrayBuffer()).equals(pixelsOf(1)))

  const view = `/api/inspections/${outcome.studyInstanceUid}/views/${outcome.seriesInstanceUid}/instances`
  const page = instancePageSchema.parse(await (await ask(sender, 'GET', view)).json())
  assert.deepEqual(page.items[0]?.original, {
    name: 'Filme/W-17 "a".tif',
    format: 'tiff',
    byteSize: file.length,
    sha256: outcome.sha256,
  })
  const original = originalUrl(outcome.studyInstanceUid, outcome.seriesInstanceUid, outcome.sopInstanceUid)
  const answer = await ask(sender, 'GET', original)
  assert.equal(answer.headers.get('content-type'), 'image/tiff')
  assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="W-17 _a_.tif"; filename\*=/)
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(file))
  const head = await ask(sender, 'HEAD', original)
  assert.equal(head.headers.get('content-length'), String(file.length))
  const { rows: events } = await backend.db.pool.query<{ action: string; detail: { madeOf?: string } }>(
    `select action, detail from audit_event where study_instance_uid = $1 and action in ('image.store', 'image.download') order by id`,
    [outcome.studyInstanceUid],
  )
  assert.deepEqual(
    events.map(({ action, detail }) => [action, detail.madeOf]),
    [
      ['image.store', 'Filme/W-17 "a".tif'],
      ['image.download', undefined],
    ],
  )
  const known = await ask(sender, 'POST', '/api/uploads/known', { sha256: [outcome.sha256] })
  assert.equal(
    ((await known.json()) as { items: { sopInstanceUid: string }[] }).items[0]?.sopInstanceUid,
    outcome.sopInstanceUid,
  )
})

test('pages of films are objects of one view, and the file is theirs together', async () => {
  const outcome = storedOf(await upload(sender, film(10, 3), content({ number: 5 })))
  assert.equal(outcome.objectCount, 3)
  const view = `/api/inspections/${outcome.studyInstanceUid}/views/${outcome.seriesInstanceUid}/instances`
  const { items } = instancePageSchema.parse(await (await ask(sender, 'GET', view)).json())
  assert.deepEqual(
    items.map(({ number }) => number),
    [5, 6, 7],
  )
  assert.equal(new Set(items.map(({ original }) => original?.sha256)).size, 1)
})

test('files of one batch are one inspection, whoever else uses its number has none of it', async () => {
  const batch = randomUUID()
  const first = storedOf(await upload(sender, film(20), content({ batch })))
  const png = buildPng({ columns: 30, rows: 20, bits: 8, type: 0, pixels: new Uint8Array(600) })
  const photo = { ...form, source: 'photo', pixelSize: { kind: 'none' } }
  const second = storedOf(await upload(sender, png, content({ batch, number: 2, form: photo })))
  assert.equal(second.studyInstanceUid, first.studyInstanceUid)
  assert.notEqual(second.seriesInstanceUid, first.seriesInstanceUid)
  const stranger = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['other']))
  const before = (await blobKeys(backend)).length
  const refused = await upload(stranger, film(21), { ...content({ batch }), project: 'other' })
  assert.equal(refused.state, 'refused')
  assert.equal(refused.outcome?.kind === 'refused' && refused.outcome.failureReason, 0x0124)
  assert.equal((await blobKeys(backend)).length, before, 'nothing of it is left')
})

test('what cannot be converted is refused by name, and nothing of it stays', async () => {
  const before = await blobKeys(backend)
  const cut = film(30, 2).subarray(0, 20_000)
  const floats = buildTiff([{ columns: 4, rows: 4, bits: 32, pixels: new Uint8Array(64), fields: { 339: [3] } }])
  // The second page breaks while its pixels are read: the first is written by then.
  const half = Buffer.from(film(31, 2))
  const directory = half.readUInt32LE(4)
  const secondStart = half.readUInt32LE(directory + 2 + 12 * half.readUInt16LE(directory))
  half.fill(0xff, secondStart - 3000, secondStart - 1500)
  for (const [file, words, more] of [
    [cut, /cut off/, {}],
    [floats, /floating point/, {}],
    [half, /LZW|pixels instead/, {}],
    [Buffer.from('hello world'), /no TIFF, PNG, JPEG or PDF/, {}],
    [
      Buffer.alloc(100),
      /would be a file of/,
      { raw: { columns: 10, rows: 10, bitsAllocated: 16, bitsStored: 12, photometric: 'MONOCHROME2' } },
    ],
  ] as const) {
    const ended = await upload(sender, file, content(more))
    assert.equal(ended.state, 'refused')
    assert.match(ended.outcome?.kind === 'refused' ? ended.outcome.comment : '', words)
  }
  assert.deepEqual(await blobKeys(backend), before)
})

test('what is said about a file is checked before its first byte', async () => {
  const faults: [object, RegExp][] = [
    [{ form: { ...form, component: {} } }, /component has a name or a number/],
    [{ form: { ...form, component: { name: 'a=b' } } }, /equals sign/],
    [{ form: { ...form, inspection: { orderNumber: 'a very long order number' } } }, /form.inspection.orderNumber/],
    [
      {
        form: {
          ...form,
          pixelSize: { kind: 'calibrated', rowMm: 0.1, columnMm: 0.1, by: 'geometry', description: '' },
        },
      },
      /description/,
    ],
    [{ form: { ...form, extra: 1 } }, /extra/],
    [{ raw: { columns: 0 } }, /raw.columns/],
  ]
  for (const [more, words] of faults) {
    const answer = await ask(sender, 'POST', '/api/uploads', { name: 'x.tif', byteSize: 10, ...content(more) })
    assert.equal(answer.status, 400)
    assert.match((await problemOf(answer)).detail, words)
  }
  const begun = await begin(sender, film(40), content())
  assert.equal(begun.content.kind === 'convert' && begun.content.form.component.number, 'W-17')
})

test('the original is for those who may read, and there is none of what came as DICOM', async () => {
  const outcome = storedOf(await upload(sender, film(50), content()))
  const address = originalUrl(outcome.studyInstanceUid, outcome.seriesInstanceUid, outcome.sopInstanceUid)
  for (const [role, project, status] of [
    ['reader', 'own', 200],
    ['reader', 'other', 404],
    ['sender', 'own', 403],
  ] as const) {
    const headers = await tokenHeaders(backend.db, role, [project])
    const answer = await fetch(backend.url + address, { headers })
    await answer.arrayBuffer()
    assert.equal(answer.status, status, `${role} of ${project}`)
  }
  const nowhere = originalUrl(uidOf('no'), uidOf('no', 1), uidOf('no', 2))
  assert.equal((await problemOf(await ask(sender, 'GET', nowhere))).code, 'original-not-found')
})

test('templates are made, changed and removed in their project, each with its event', async () => {
  const headers = await tokenHeaders(backend.db, 'sender', ['own'])
  const own = senderOf(backend, headers)
  const made = (await (
    await ask(own, 'POST', templatesUrl('own'), { name: 'Films, Array 2905', form })
  ).json()) as ConversionTemplate
  assert.deepEqual(made.form, form)
  const taken = await ask(own, 'POST', templatesUrl('own'), { name: 'Films, Array 2905', form })
  assert.deepEqual([taken.status, (await problemOf(taken)).code], [409, 'name-taken'])
  const changed = await ask(own, 'PUT', templateUrl('own', made.id), {
    name: 'Films',
    form: { ...form, source: 'scan' },
  })
  assert.equal(changed.status, 200)
  const { items } = templateListSchema.parse(await (await ask(own, 'GET', templatesUrl('own'))).json())
  assert.deepEqual(
    items.map(({ name, form: { source } }) => [name, source]),
    [['Films', 'scan']],
  )
  const other = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['other']))
  assert.equal((await ask(other, 'DELETE', templateUrl('other', made.id))).status, 404)
  assert.equal((await ask(other, 'DELETE', templateUrl('own', made.id))).status, 404)
  assert.equal((await ask(own, 'DELETE', templateUrl('own', made.id))).status, 204)
  assert.equal((await ask(own, 'DELETE', templateUrl('own', made.id))).status, 404)
  const { rows } = await backend.db.pool.query<{ action: string; project: string }>(
    `select action, project from audit_event where action like 'template.%' order by id`,
  )
  assert.deepEqual(
    rows.map(({ action, project }) => `${action} ${project}`),
    ['template.create own', 'template.change own', 'template.remove own'],
  )
})

test('originals are no orphans', async () => {
  const scope = await readArchiveScope(backend.db)
  const report = await sweepOrphans(backend.deps, scope, { graceHours: 0 })
  assert.deepEqual(report.quarantined, [])
})
