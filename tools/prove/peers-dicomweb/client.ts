import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { testToken } from '@instandt/testkit'
import type { TestApp } from '../../../e2e/src/app.ts'
import { openBrowser } from '../../../e2e/src/browser.ts'
import { ensureChromium } from '../../chromium.ts'
import { digestOf, type Sample } from './sample.ts'

/** What the page found, digests in place of bytes. */
interface Found {
  studies: Dataset[]
  series: Dataset[]
  instances: Dataset[]
  study: string[]
  firstSeries: string[]
  instance: string
  metadata: Dataset[]
  frames: string[]
  compressed: string[]
  bulk: string[]
  part: number[]
  refused: number
}

/** dicomweb-client works in browsers only: on a page of another origin that CORS_ORIGINS names. */
export async function proveClient(app: TestApp, port: number, samples: readonly Sample[]): Promise<void> {
  const script = readFileSync(createRequire(import.meta.url).resolve('dicomweb-client'))
  const server = http.createServer((request, answer) => {
    if (request.url === '/client.js') answer.setHeader('content-type', 'text/javascript').end(script)
    else
      answer
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>peer</title><script src="client.js"></script>')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const chromium = ensureChromium()
  if ('executable' in chromium) process.env['INSTANDT_CHROMIUM'] = chromium.executable
  const browser = await openBrowser()
  try {
    const { page } = await browser.newPage({ isSignedIn: false })
    await page.goto(`http://127.0.0.1:${port}/`)
    const found = (await page.evaluate(askInPage, {
      url: `${app.url}/dicom-web`,
      token: testToken,
      files: samples.map(({ bytes, ...uids }) => ({ ...uids, text: Buffer.from(bytes).toString('base64') })),
    })) as Found
    check(found, samples)
  } finally {
    await browser.stop()
    server.closeAllConnections()
    server.close()
  }
}

interface Task {
  url: string
  token: string
  files: { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string; text: string }[]
}

/** As its documentation has it; its own types ask for options that are none. */
type Ask<Answer = unknown> = (options: object) => Promise<Answer>
interface Client {
  storeInstances: Ask
  searchForStudies: Ask
  searchForSeries: Ask
  searchForInstances: Ask
  retrieveStudyMetadata: Ask
  retrieveInstanceMetadata: Ask<Record<string, { BulkDataURI?: string }>[]>
  retrieveStudy: Ask<ArrayBuffer[]>
  retrieveSeries: Ask<ArrayBuffer[]>
  retrieveInstance: Ask<ArrayBuffer>
  retrieveInstanceFrames: Ask<ArrayBuffer[]>
  retrieveBulkData: Ask<ArrayBuffer[]>
}
declare const DICOMwebClient: { api: { DICOMwebClient: new (options: object) => Client } }

/** Runs in the page: nothing from outside but its argument. */
async function askInPage({ url, token, files }: Task): Promise<unknown> {
  const digestOne = async (bytes: ArrayBuffer): Promise<string> =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
  const digestAll = (all: ArrayBuffer[]): Promise<string[]> => Promise.all(all.map(digestOne))
  const Peer = DICOMwebClient.api.DICOMwebClient
  const headers = { Authorization: `Bearer ${token}` }
  const client = new Peer({ url, headers, verbose: false })
  const datasets = files.map(({ text }) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer)
  await client.storeInstances({ datasets })
  const [first] = files
  const last = files.at(-1)
  if (!first || !last) throw new Error('nothing to send')
  const study = { studyInstanceUID: first.studyInstanceUid }
  const series = { ...study, seriesInstanceUID: first.seriesInstanceUid }
  const instance = { ...series, sopInstanceUID: first.sopInstanceUid }
  const other = { ...study, seriesInstanceUID: last.seriesInstanceUid, sopInstanceUID: last.sopInstanceUid }
  const metadata = await client.retrieveStudyMetadata(study)
  const pixels = (await client.retrieveInstanceMetadata(instance)) as unknown as Record<
    string,
    { BulkDataURI?: string }
  >[]
  const BulkDataURI = pixels[0]?.['7FE00010']?.BulkDataURI ?? ''
  const single = new Peer({
    url,
    headers: { ...headers, Range: 'bytes=100-163' },
    singlepart: 'bulkdata',
    verbose: false,
  })
  return {
    studies: await client.searchForStudies({ queryParams: { PatientID: 'client-7', limit: 10 } }),
    series: await client.searchForSeries({ ...study, queryParams: { Modality: 'OT' } }),
    instances: await client.searchForInstances({ queryParams: { StudyInstanceUID: first.studyInstanceUid } }),
    study: await digestAll(await client.retrieveStudy(study)),
    firstSeries: await digestAll(await client.retrieveSeries(series)),
    instance: await digestOne(await client.retrieveInstance(instance)),
    metadata,
    frames: await digestAll(await client.retrieveInstanceFrames({ ...instance, frameNumbers: '3,1' })),
    compressed: await digestAll(
      await client.retrieveInstanceFrames({
        ...other,
        frameNumbers: '2',
        mediaTypes: [{ mediaType: 'image/jls', transferSyntaxUID: '1.2.840.10008.1.2.4.80' }],
      }),
    ),
    bulk: await digestAll(await client.retrieveBulkData({ BulkDataURI })),
    // Anything is taken unless told: that would be a part of a multipart body.
    part: [
      ...new Uint8Array(
        (await single.retrieveBulkData({ BulkDataURI, headers: { Accept: 'application/octet-stream' } }))[0] ?? [],
      ),
    ],
    refused: await fetch(`${url}/studies`, { headers: { Authorization: 'Bearer ndt_wrong' } }).then(
      ({ status }) => status,
    ),
  }
}

const frameBytes = 96 * 128 * 2

function check(found: Found, samples: readonly Sample[]): void {
  const [first] = samples
  assert.ok(first)
  const uids = (datasets: readonly Dataset[]): string[] =>
    datasets.map((dataset) => getString(dataset, tags.sopInstanceUid) ?? '').toSorted()
  const digests = (some: readonly Sample[]): string[] => some.map(({ bytes }) => digestOf(bytes)).toSorted()
  const all = samples.map(({ sopInstanceUid }) => sopInstanceUid).toSorted()
  assert.deepEqual(
    found.studies.map((dataset) => getString(dataset, tags.studyInstanceUid)),
    [first.studyInstanceUid],
  )
  assert.equal(found.series.length, 2)
  assert.deepEqual(uids(found.instances), all)
  assert.deepEqual(uids(found.metadata), all)
  assert.deepEqual(found.study.toSorted(), digests(samples))
  const ofSeries = samples.filter(({ seriesInstanceUid }) => seriesInstanceUid === first.seriesInstanceUid)
  assert.deepEqual(found.firstSeries.toSorted(), digests(ofSeries))
  assert.equal(found.instance, digestOf(first.bytes))
  const pixels = first.bytes.subarray(first.bytes.length - 3 * frameBytes)
  const frame = (number: number): Uint8Array => pixels.subarray((number - 1) * frameBytes, number * frameBytes)
  assert.deepEqual(found.frames, [digestOf(frame(3)), digestOf(frame(1))])
  assert.equal(found.compressed.length, 1)
  assert.deepEqual(found.bulk, [digestOf(pixels)])
  assert.deepEqual(found.part, [...pixels.subarray(100, 164)])
  assert.equal(found.refused, 401)
}
