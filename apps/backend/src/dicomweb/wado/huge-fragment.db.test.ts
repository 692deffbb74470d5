// Compressed frames far longer than their pixels: the file alone says how long they are, so nobody takes them into memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createEncoders, encodeFrame, readPixelFormat } from '@instandt/pixels'
import { attributesOf } from '@instandt/dicom'
import { signedFetch } from '@instandt/testkit'
import { type ImageOptions, streamInstance, uidOf } from '@instandt/testkit/files'
import { type RenditionBackend, startRenditionBackend } from '../../renditions/renditions.fixture.ts'

const mebibyte = 1024 * 1024
const hugeBytes = 200 * mebibyte
const explicit = '1.2.840.10008.1.2.1'
const rle = '1.2.840.10008.1.2.5'
const jpegLs = '1.2.840.10008.1.2.4.80'
const [study, series] = [uidOf('huge', 'study'), uidOf('huge', 'series')]

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let backend: RenditionBackend
before(async () => {
  backend = await startRenditionBackend()
})
after(() => backend.stop())

async function store(seed: string, image: Partial<ImageOptions>): Promise<string> {
  const file = { seed, image, studyInstanceUid: study, seriesInstanceUid: series, transferSyntaxUid: jpegLs }
  const answer = await signedFetch(`${backend.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/dicom' },
    body: ReadableStream.from(streamInstance(file)),
    duplex: 'half',
  } as RequestInit)
  assert.equal(answer.status, 200, await answer.text())
  return `/dicom-web/studies/${study}/series/${series}/instances/${uidOf(seed, 'instance')}`
}

/** The most bytes that buffers took meanwhile, beyond those before. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  const timer = setInterval(sample, 2)
  try {
    await work()
    sample()
  } finally {
    clearInterval(timer)
  }
  return peak
}

const words = /209715200 stored bytes are too many for a frame of 8 × 8 pixels/

test('a tiny image with a huge fragment is refused by name wherever it would be decoded, and stays as it is', async () => {
  const address = await store('tiny', {
    rows: 8,
    columns: 8,
    bitsAllocated: 8,
    samplesPerPixel: 3,
    frame: () => new Uint8Array(hugeBytes),
  })
  const peak = await peakOf(async () => {
    for (const [place, accept] of [
      ['/rendered', 'image/jpeg'],
      ['/thumbnail', 'image/jpeg'],
      ['/frames/1', `application/octet-stream; transfer-syntax=${explicit}`],
      ['', `application/dicom; transfer-syntax=${rle}`],
      ['', `application/dicom; transfer-syntax=${explicit}`],
    ] as const) {
      const answer = await backend.get(address + place, { accept })
      const text = Buffer.from(await answer.arrayBuffer()).toString('utf8', 0, 2000)
      assert.equal(answer.status, 406, `${place} ${accept}: ${text}`)
      assert.match(text, words, place)
    }
    await backend.deriveAll()
  })
  assert.ok(peak < 64 * mebibyte, `${Math.round(peak / mebibyte)} MiB were taken`)
  const { state, thumbnail, reason } = await backend.jobOf('tiny')
  assert.deepEqual([state, thumbnail], ['failed', 'none'])
  assert.match(reason ?? '', words)

  const answer = await backend.get(`${address}/frames/1`, { accept: 'image/jls' })
  assert.equal(answer.status, 200)
  let length = 0
  for await (const chunk of answer.body ?? []) length += chunk.length
  assert.ok(length >= hugeBytes, `${length} bytes came`)
})

test('one huge frame keeps the worker from that frame alone', async () => {
  const [columns, rows] = [1024, 1024]
  const values = Uint8Array.from({ length: columns * rows }, (_, at) => (at >> 10) & 0xff)
  const format = readPixelFormat(
    attributesOf({
      Rows: rows,
      Columns: columns,
      SamplesPerPixel: 1,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      PhotometricInterpretation: 'MONOCHROME2',
      PixelData: [],
    }),
  )
  const right = await encodeFrame(values, format, jpegLs, createEncoders())
  await store('one of three', {
    columns,
    rows,
    bitsAllocated: 8,
    frames: 3,
    frame: (index) => (index === 2 ? new Uint8Array(hugeBytes) : right),
  })
  const peak = await peakOf(() => backend.deriveAll())
  assert.ok(peak < 64 * mebibyte, `${Math.round(peak / mebibyte)} MiB were taken`)
  const { state, thumbnail, frames_made: made, reason } = await backend.jobOf('one of three')
  assert.deepEqual([state, thumbnail, made], ['failed', 'made', 2])
  assert.match(reason ?? '', /^frame 3: too-large: 209715200 stored bytes/)
})
