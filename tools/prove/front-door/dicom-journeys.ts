// What passes through DICOMweb: searches short and long, uploads of all sizes and kinds, everything that can be read back.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { buildInstance, demoInspections, uidOf } from '@instandt/testkit/files'
import { sharedData, sharedFiles, whyNoSharedData } from '../shared-data.ts'
import { type Journey, json, type Walk } from './walk.ts'

const bases = ['/dicom-web', '/dicom-web/projects/default']
const uids = {
  studyInstanceUid: uidOf('door'),
  seriesInstanceUid: uidOf('door', 1),
  sopInstanceUid: uidOf('door', 1, 1),
}
const study = `studies/${uids.studyInstanceUid}`
const series = `${study}/series/${uids.seriesInstanceUid}`
const instance = `${series}/instances/${uids.sopInstanceUid}`

const stow = (send: Walk['send'], address: string, file: Uint8Array): Promise<Response> =>
  send(address, {
    method: 'POST',
    body: file as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': 'application/dicom', accept: 'application/dicom+json' },
  })

async function store(walk: Walk, file: Uint8Array, what: string): Promise<void> {
  const answer = await stow(walk.send, '/dicom-web/studies', file)
  assert.equal(answer.status, 200, `${what}: ${answer.status} ${(await answer.text()).slice(0, 200)}`)
}

/** Each file gets the answer that it gets without a firewall. */
async function storeAlike({ send, sendPast }: Walk, name: string, file: Uint8Array): Promise<void> {
  const passed = await stow(send, '/dicom-web/studies', file)
  const past = await stow(sendPast, '/dicom-web/studies', file)
  assert.equal(passed.status, past.status, `${name}: ${(await passed.text()).slice(0, 200)}`)
}

export const dicomJourneys: Record<string, Journey> = {
  async uploads(walk) {
    // A slope: noise would be larger in JPEG-LS than it is, and is not offered so.
    const frame = (): Uint8Array => new Uint8Array(Uint16Array.from({ length: 256 * 256 }, (_, at) => at >> 5).buffer)
    const file = buildInstance({ ...uids, image: { rows: 256, columns: 256, frame } })
    await store(walk, file, 'a file by itself')
    const odd = buildInstance({ ...uids, sopInstanceUid: uidOf('door', 1, 3), image: { rows: 64, columns: 64 } })
    odd.set(Buffer.from('\nGET /as-pixels HTTP/1.1\r\n'), odd.length - 300)
    await store(walk, odd, 'pixels that look like a request')
    const boundary = 'instandt-boundary-7'
    const part = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`
    const body = Buffer.concat([Buffer.from(part), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
    const init = {
      method: 'POST',
      body,
      headers: {
        'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
        accept: 'application/dicom+json',
      },
    }
    for (const address of bases.flatMap((base) => [`${base}/studies`, `${base}/${study}`]))
      for (const related of [await walk.send(address, init), await walk.ask(address, init)])
        assert.equal(related.status, 200, `${address}: ${await related.text()}`)
    const frames = walk.scale === 'full' ? 10 : 1
    const large = {
      studyInstanceUid: uidOf('door-large'),
      seriesInstanceUid: uidOf('door-large', 1),
      sopInstanceUid: uidOf('door-large', 1, frames),
    }
    await store(walk, buildInstance({ ...large, image: { rows: 4096, columns: 4096, frames } }), 'a large file')
  },

  async samples(walk) {
    let demos = 0
    for await (const { name, bytes } of demoInspections()) {
      if ((demos += 1) > (walk.scale === 'full' ? 40 : 2)) break
      await storeAlike(walk, name, bytes)
    }
    if (whyNoSharedData !== undefined) return
    for (const name of sharedFiles(walk.scale === 'full' ? 1 : 20))
      await storeAlike(walk, name, readFileSync(path.join(sharedData, name)))
  },

  async searches({ ask, send }) {
    const manyUids = Array.from({ length: 80 }, (_, index) => uidOf('long', index)).join(',')
    for (const query of [
      '',
      'PatientName=*O%27Brien*&StudyDate=20260101-20261231&limit=50&offset=100',
      'ComponentName=Turbine%20blade%20%231%20%28left%29&fuzzymatching=true',
      'AccessionNumber=WO-2026/0815*&ModalitiesInStudy=DX&includefield=all&orderby=-StudyDate&count=true',
      '00100010=M%C3%BCller%5EJ%C3%BCrgen&includefield=00081030,00080090,00200010',
      'StudyDescription=Weld+%22root+pass%22+%3C+5+mm+%26+union+%E2%89%A5+2%3B+50+%25',
      'EvaluatorSequence.EvaluatorName=*O%27Brien*&MaterialThickness=12..13.5&00190010=ACME%201.0&00191002=filter%20%233',
      // Front Door takes 4,096 bytes of query; the firewall must too.
      `StudyInstanceUID=${manyUids}`.slice(0, 4000),
    ]) {
      const accept = { headers: { accept: 'application/dicom+json' } }
      assert.ok([200, 204].includes((await send(`/dicom-web/studies?${query}`, accept)).status), query)
      await ask(`/dicom-web/studies?${query}`, accept)
    }
    for (const base of bases)
      for (const level of [
        'studies',
        'series',
        'instances',
        `${study}/series`,
        `${study}/instances`,
        `${series}/instances`,
      ])
        assert.equal((await send(`${base}/${level}?limit=10`)).status, 200, level)
  },

  async retrievals({ send }) {
    const whole = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    const pixels = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    for (const base of bases) {
      for (const [address, accept] of [
        [study, whole],
        [series, whole],
        [instance, whole],
        [instance, 'application/dicom; transfer-syntax=*'],
        [study, 'application/zip'],
        [`${instance}/frames/1`, pixels],
        [`${instance}/frames/1`, 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1'],
        [`${instance}/bulkdata/7FE00010`, pixels],
        ...[study, series, instance].flatMap((level) => [
          [`${level}/pixeldata`, pixels],
          [`${level}/bulkdata`, pixels],
        ]),
        ...[study, series, instance].map((level) => [`${level}/metadata`, 'application/dicom+json']),
        [instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80'],
        [`${instance}/frames/1`, 'multipart/related; type="image/jls"'],
        ...[study, series].map((level) => [`${level}/rendered`, 'multipart/related; type="image/jpeg"']),
        ...[instance, `${instance}/frames/1`].map((level) => [
          `${level}/rendered?window=2000,400,linear-exact&viewport=512,512,,,-128,128&quality=80`,
          'image/jpeg, image/png;q=0.5',
        ]),
        ...[study, series, instance, `${instance}/frames/1`].map((level) => [
          `${level}/thumbnail?viewport=96,96`,
          'image/jpeg',
        ]),
      ] as [string, string][])
        assert.equal((await send(`${base}/${address}`, { headers: { accept } })).status, 200, `${address} as ${accept}`)
      const part = { accept: 'application/dicom', range: 'bytes=100-1099', 'if-range': '"of-an-older-answer"' }
      assert.equal((await send(`${base}/${instance}`, { headers: part })).status, 200)
      const { 'if-range': _older, ...wanted } = part
      assert.equal((await send(`${base}/${instance}`, { headers: wanted })).status, 206)
      assert.equal((await send(base, { method: 'OPTIONS' })).status, 200)
    }
  },

  /** The list, the page of an inspection and the viewer, by the web app. */
  async browsing({ ask }) {
    const found = await ask(
      '/api/inspections?q=O%27Brien%20%26%20S%C3%B6hne%20(north)&from=20260101&to=20261231&sort=-date&total=yes',
    )
    assert.equal(found.status, 200)
    const page = (await (await ask('/api/inspections?limit=1')).json()) as { next: string | null }
    await ask(`/api/inspections?limit=1&cursor=${encodeURIComponent(page.next ?? '')}`)
    const detail = `/api/inspections/${uids.studyInstanceUid}`
    assert.equal((await ask(detail)).status, 200)
    assert.equal((await ask(`${detail}/views/${uids.seriesInstanceUid}/instances?limit=100`)).status, 200)
    const accept = 'application/octet-stream; transfer-syntax=*'
    assert.equal((await ask(`/dicom-web/${instance}/frames/1`, { headers: { accept } })).status, 200)
    assert.equal((await ask(`/dicom-web/${instance}?accept=application/dicom`)).status, 200)
    // Whether it is made already or not: the addresses pass.
    const rendition = `/api/renditions/${uids.studyInstanceUid}/${uids.seriesInstanceUid}/${uids.sopInstanceUid}/1`
    for (const part of ['', '/overview?reduction=1', '/tiles/0?reduction=0']) await ask(rendition + part)
    await ask('/api/openapi.json')
    assert.equal((await ask(`${detail}/download`)).status, 200)
    assert.equal((await ask(`${detail}/views/${uids.seriesInstanceUid}/download`)).status, 200)
    const items = [
      { study: uids.studyInstanceUid },
      { study: uids.studyInstanceUid, instances: Array.from({ length: 500 }, () => uids.sopInstanceUid) },
    ]
    const chosen = (await (await ask('/api/downloads', json({ items }))).json()) as { address: string }
    assert.equal((await ask(chosen.address)).status, 200)
  },

  /** Cabinets, scripts and toolkits name themselves in their own ways, or not at all. */
  async toolkits({ send }) {
    for (const agent of [
      'python-requests/2.32.3',
      'curl/8.5.0',
      'libcurl-agent/1.0',
      'dcm4che/5.33',
      'Orthanc/1.12.6',
      'fo-dicom',
      'Java-http-client/21',
      '',
    ])
      assert.equal(
        (await send('/dicom-web/studies?limit=1', { headers: { 'user-agent': agent, accept: '*/*' } })).status,
        200,
        agent,
      )
  },
}
