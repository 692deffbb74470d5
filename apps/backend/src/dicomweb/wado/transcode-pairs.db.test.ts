// From every transfer syntax into every other one: the samples stay what they are.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { getString, readHeader, tags } from '@instandt/dicom'
import {
  createEncoders,
  decodeFrame,
  encodeFrame,
  type PixelFormat,
  readPixelFormat,
  writableSyntaxes,
} from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { openBytes } from '../../../../../packages/pixels/src/open-file.fixture.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

const codecs = createNodeCodecs()
const encoders = createEncoders()
const rle = '1.2.840.10008.1.2.5'
const [columns, rows] = [67, 41]
const study = uidOf('pairs')

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const format: PixelFormat = {
  rows,
  columns,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isPlanar: false,
  photometric: 'MONOCHROME2',
  kind: 'integer',
  frameCount: 2,
}
const kinds: Record<string, PixelFormat> = {
  'grey of 12 bits': format,
  'signed of 16 bits': { ...format, bitsStored: 16, highBit: 15, isSigned: true },
  'signed of 8 bits': { ...format, bitsAllocated: 8, bitsStored: 8, highBit: 7, isSigned: true },
  colour: { ...format, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7, photometric: 'RGB' },
}

function frameOf(
  of: PixelFormat,
  frame: number,
): Uint16Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> {
  const mask = 2 ** of.bitsStored - 1
  const value = (_: unknown, at: number): number => (at * 37 + frame * 1009 + ((at * at) >> 3)) & mask
  const from = { length: columns * rows * of.samplesPerPixel }
  if (of.bitsAllocated === 8) return of.isSigned ? Int8Array.from(from, value) : Uint8Array.from(from, value)
  return of.isSigned ? Int16Array.from(from, value) : Uint16Array.from(from, value)
}

for (const [kind, of] of Object.entries(kinds)) {
  test(`${kind}: from every transfer syntax into every other one`, async () => {
    const samples = [frameOf(of, 0), frameOf(of, 1)]
    let pairs = 0
    for (const from of writableSyntaxes) {
      const frames = await Promise.all(samples.map((frame) => encodeFrame(frame, of, from, encoders)))
      const seed = `${kind} ${from}`
      const { bitsStored, isSigned } = of
      const samplesPerPixel = of.samplesPerPixel === 3 ? (3 as const) : (1 as const)
      const bitsAllocated = of.bitsAllocated === 8 ? (8 as const) : (16 as const)
      const image = { columns, rows, frames: 2, samplesPerPixel, bitsAllocated, bitsStored, isSigned }
      const file = buildInstance({
        seed,
        studyInstanceUid: study,
        seriesInstanceUid: uidOf('pairs', 1),
        transferSyntaxUid: from,
        // Of RLE the builder takes samples.
        image: { ...image, frame: (index) => (from === rle ? Buffer.from(samples[index]!.buffer) : frames[index]!) },
      })
      assert.equal((await backend.stow([file])).status, 200)
      const address = `/dicom-web/studies/${study}/series/${uidOf('pairs', 1)}/instances/${uidOf(seed, 'instance')}`
      for (const to of writableSyntaxes) {
        const answer = await backend.get(address, { accept: `application/dicom; transfer-syntax=${to}` })
        const bytes = new Uint8Array(await answer.arrayBuffer())
        const words = `${kind}: ${from} → ${to}`
        assert.equal(answer.status, 200, `${words}: ${Buffer.from(bytes.subarray(0, 300)).toString()}`)
        const read = await readHeader([bytes])
        assert.equal(read.transferSyntaxUid, to, words)
        const opened = openBytes(Buffer.from(bytes.buffer))
        assert.ok(opened, words)
        assert.equal(opened.frameCount, 2, words)
        for (const [index, frame] of samples.entries()) {
          const written = readPixelFormat(read.dataset)
          const { stored } = await decodeFrame(await opened.frame(index + 1), opened.frameSyntaxUid, written, codecs)
          assert.deepEqual(Buffer.from(stored.buffer), Buffer.from(frame.buffer), words)
        }
        assert.equal(getString(read.dataset, tags.lossyImageCompression), undefined, words)
        pairs += 1
      }
    }
    assert.equal(pairs, writableSyntaxes.length ** 2)
  })
}
