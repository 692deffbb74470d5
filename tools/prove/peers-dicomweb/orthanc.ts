import assert from 'node:assert/strict'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { signedFetch, testToken } from '@instandt/testkit'
import { startOrthanc } from '../../../bench/targets.ts'
import type { TestApp } from '../../../e2e/src/app.ts'
import { digestOf, type Sample } from './sample.ts'

/** Orthanc sends to us, searches in us, fetches from us; then we take what it offers. */
export async function proveOrthanc(app: TestApp, samples: readonly Sample[]): Promise<void> {
  const orthanc = await startOrthanc()
  const [base] = orthanc?.bases ?? []
  assert.ok(orthanc && base !== undefined, 'Orthanc does not start')
  const root = base.replace(/\/dicom-web$/, '')
  const call = async (method: string, address: string, body?: object | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const answer = await fetch(root + address, {
      method,
      ...(body ? { body: body instanceof Uint8Array ? body : JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `Orthanc: ${method} ${address}: ${answer.status} ${text.slice(0, 500)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const [first] = samples
  assert.ok(first)
  const study = first.studyInstanceUid
  try {
    await call('PUT', '/dicom-web/servers/instandt', {
      Url: `${app.url}/dicom-web/`,
      HttpHeaders: { Authorization: `Bearer ${testToken}` },
    })
    const ids: string[] = []
    for (const { bytes } of samples) ids.push(((await call('POST', '/instances', bytes)) as { ID: string }).ID)

    // Sent by Orthanc: with us every byte is as Orthanc has it.
    const sent = (await call('POST', '/dicom-web/servers/instandt/stow', { Resources: ids })) as {
      InstancesCount: string | number
    }
    assert.equal(Number(sent.InstancesCount), samples.length)
    for (const sample of samples) assert.equal(await digestWithUs(app, sample), digestOf(sample.bytes))

    // Searched by Orthanc.
    const search = { Uri: '/instances', Arguments: { StudyInstanceUID: study, includefield: '00140030' } }
    const found = (await call('POST', '/dicom-web/servers/instandt/qido', search)) as Record<string, { Name: string }>[]
    assert.equal(found.length, samples.length)

    // Fetched by Orthanc, which has nothing any more.
    for (const id of ids) await call('DELETE', `/instances/${id}`)
    assert.deepEqual(await call('GET', '/instances'), [])
    await call('POST', '/dicom-web/servers/instandt/retrieve', { Resources: [{ Study: study }] })
    const back = (await call('GET', '/instances')) as string[]
    const digests: string[] = []
    for (const id of back)
      digests.push(digestOf(new Uint8Array(await (await fetch(`${root}/instances/${id}/file`)).arrayBuffer())))
    assert.deepEqual(digests.toSorted(), samples.map(({ bytes }) => digestOf(bytes)).toSorted())

    // Offered by Orthanc's own DICOMweb, as ours is: the same objects are found, and its multipart goes into us unchanged.
    const theirs = await searchInstances(base, study)
    assert.deepEqual(theirs, await searchInstances(`${app.url}/dicom-web`, study))
    const whole = await fetch(`${base}/studies/${study}`, {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    })
    const stored = await signedFetch(`${app.url}/dicom-web/studies/${study}`, {
      method: 'POST',
      headers: { 'content-type': whole.headers.get('content-type') ?? '', accept: 'application/dicom+json' },
      body: await whole.arrayBuffer(),
    })
    const answer = (await stored.json()) as Dataset
    assert.equal(stored.status, 200, JSON.stringify(answer).slice(0, 500))
    assert.equal(answer[tags.referencedSopSequence]?.Value?.length, samples.length)
  } finally {
    await orthanc.stop()
  }
}

async function digestWithUs(
  app: TestApp,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Sample,
): Promise<string> {
  const address = `/dicom-web/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`
  const answer = await signedFetch(app.url + address, { headers: { accept: 'application/dicom' } })
  assert.equal(answer.status, 200, address)
  return digestOf(new Uint8Array(await answer.arrayBuffer()))
}

async function searchInstances(base: string, study: string): Promise<string[]> {
  const answer = await signedFetch(`${base}/studies/${study}/instances`, {
    headers: { accept: 'application/dicom+json' },
  })
  return ((await answer.json()) as Dataset[]).map((one) => getString(one, tags.sopInstanceUid) ?? '').toSorted()
}
