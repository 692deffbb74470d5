// Frames that are not what their header says: every answer is one, soon, and the server goes on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createEncoders, encodeFrame } from '@instandt/pixels'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'
import { greyFormat } from '../../../../../packages/pixels/src/grey-format.fixture.ts'

const encoders = createEncoders()
const explicit = '1.2.840.10008.1.2.1'
const syntaxes = {
  rle: '1.2.840.10008.1.2.5',
  jpeg: '1.2.840.10008.1.2.4.70',
  'jpeg-ls': '1.2.840.10008.1.2.4.80',
  'jpeg-2000': '1.2.840.10008.1.2.4.90',
  htj2k: '1.2.840.10008.1.2.4.201',
}
const [columns, rows] = [64, 48]
const study = uidOf('hostile')

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const samples = (count: number): Uint16Array<ArrayBuffer> =>
  Uint16Array.from({ length: count }, (_, at) => Math.imul(at, 2_654_435_761) >>> 16)

/** Of RLE the builder takes samples: what it wrote is replaced afterwards. */
async function store(seed: string, syntax: string, frame: Uint8Array<ArrayBuffer>): Promise<string> {
  const isRle = syntax === syntaxes.rle
  const native = new Uint8Array(samples(columns * rows).buffer)
  const file = buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('hostile', 1),
    transferSyntaxUid: syntax,
    image: { columns, rows, frame: () => (isRle ? native : frame) },
  })
  if (isRle) {
    const right = await encodeFrame(samples(columns * rows), greyFormat(columns, rows), syntax, encoders)
    const at = Buffer.from(file.buffer, file.byteOffset).indexOf(right.subarray(0, 200))
    file.fill(0, at, at + right.length).set(frame.subarray(0, right.length), at)
  }
  assert.equal((await backend.stow([file])).status, 200)
  return `/dicom-web/studies/${study}/series/${uidOf('hostile', 1)}/instances/${uidOf(seed, 'instance')}`
}

/** Where sizes stand in a codestream, and what they would be. */
function enlarged(name: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const made = bytes.slice()
  const view = new DataView(made.buffer)
  if (name === 'jpeg' || name === 'jpeg-ls') {
    const start = Buffer.from(made).findIndex(
      (byte, at) => byte === 0xff && (made[at + 1] === 0xc3 || made[at + 1] === 0xf7),
    )
    view.setUint16(start + 5, 65_500)
    view.setUint16(start + 7, 65_500)
  } else if (name !== 'rle') {
    // SIZ: Xsiz, Ysiz and the tile's size (ISO/IEC 15444-1 A.5.1).
    for (const at of [8, 12, 24, 28]) view.setUint32(at, 200_000)
  } else view.setUint32(4, 0xffff_fff0, true)
  return made
}

for (const [name, syntax] of Object.entries(syntaxes)) {
  test(`${name} that lies, ends early or is something else is refused or decoded, and nothing breaks`, async () => {
    const right = await encodeFrame(samples(columns * rows), greyFormat(columns, rows), syntax, encoders)
    const other = await encodeFrame(samples(33 * 20), greyFormat(33, 20), syntax, encoders)
    const noise = new Uint8Array(samples(4000).buffer)
    const flipped = right.slice()
    for (let at = 120; at < flipped.length; at += 97) flipped[at]! ^= 0x5a
    const cases: Record<string, Uint8Array<ArrayBuffer>> = {
      enlarged: enlarged(name, right),
      'of another size': other,
      'cut off in its head': right.slice(0, 20),
      'cut off in the middle': right.slice(0, (right.length >> 1) & ~1),
      flipped,
      noise,
      'two bytes': new Uint8Array(2),
    }
    for (const [what, bytes] of Object.entries(cases)) {
      const address = await store(`${name} ${what}`, syntax, bytes)
      for (const [place, accept] of [
        ['/frames/1', `application/octet-stream; transfer-syntax=${explicit}`],
        ['', `application/dicom; transfer-syntax=${syntax === syntaxes.rle ? syntaxes['jpeg-ls'] : syntaxes.rle}`],
        ['/rendered', 'image/jpeg'],
        ['/thumbnail', 'image/jpeg'],
      ]) {
        const started = performance.now()
        const answer = await backend.get(address + place, { accept: accept ?? '' })
        const body = Buffer.from(await answer.arrayBuffer())
        const words = `${name} ${what} ${place}: ${answer.status} ${answer.status < 300 ? '' : body.toString().slice(0, 200)}`
        assert.ok(answer.status === 200 || answer.status === 406, words)
        // A stream that is damaged late may still be decoded, and any bytes may be runs; one of the wrong size or kind never.
        const mayDecode = name === 'rle' || what === 'flipped' || what === 'cut off in the middle'
        if (!mayDecode) assert.equal(answer.status, 406, words)
        else if (place === '/frames/1' && answer.status === 200) assert.equal(body.length, columns * rows * 2, words)
        assert.ok(performance.now() - started < 10_000, `${words}: ${performance.now() - started} ms`)
      }
    }
    const address = await store(`${name} right`, syntax, right)
    const answer = await backend.get(`${address}/frames/1`, {
      accept: `application/octet-stream; transfer-syntax=${explicit}`,
    })
    assert.deepEqual(new Uint16Array(await answer.arrayBuffer()), samples(columns * rows), 'the server goes on')
  })
}

test('whoever leaves while frames are made leaves nothing behind', async () => {
  const values = samples(1024 * 1024)
  const file = buildInstance({
    seed: 'left',
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('hostile', 1),
    image: { columns: 1024, rows: 1024, frames: 20, bitsAllocated: 16, frame: () => new Uint8Array(values.buffer) },
  })
  assert.equal((await backend.stow([file])).status, 200)
  const address = `/dicom-web/studies/${study}/series/${uidOf('hostile', 1)}/instances/${uidOf('left', 'instance')}`
  for (let visit = 0; visit < 3; visit += 1) {
    const answer = await backend.get(address, { accept: `application/dicom; transfer-syntax=${syntaxes.rle}` })
    const reader = answer.body?.getReader()
    await reader?.read()
    await reader?.cancel()
  }
  // The budget of memory and the threads are free again: otherwise this would never be answered.
  const answer = await backend.get(`${address}/frames/20`, {
    accept: `image/jls; transfer-syntax=${syntaxes['jpeg-ls']}`,
  })
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
})
