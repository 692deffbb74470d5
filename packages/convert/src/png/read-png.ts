import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { inflateLong } from '../inflate.ts'
import { limits } from '../limits.ts'
import { nativeBytes, type Picture } from '../picture.ts'
import { dropSamples, swapInPlace, unpackBits, wholeRows } from '../rows.ts'
import { pixelChunks, type PngHeader, readPngHeader } from './chunks.ts'
import { unfilter } from './unfilter.ts'

/** A PNG file (W3C PNG 3rd edition). @throws ConvertFault */
export async function readPng(source: ByteSource): Promise<Picture> {
  const header = await readPngHeader(source)
  const { form } = header
  if (header.isInterlaced && nativeBytes(form) > limits.heldBytes)
    throw new ConvertFault('too-large', `An interlaced PNG file of ${nativeBytes(form)} bytes of pixels is too large.`)
  return {
    ...form,
    spacing: header.spacing,
    byteLength: nativeBytes(form),
    pieces: () => (header.isInterlaced ? readInterlaced(source, header) : readRows(source, header)),
  }
}

const name = 'The PNG file'

async function* readRows(source: ByteSource, header: PngHeader): AsyncGenerator<Uint8Array> {
  const chunks = inflateLong(pixelChunks(source, header.dataStart), 'deflate', name)
  yield* readPass(chunks, header, header.form.columns, header.form.rows)
}

/** The rows of one pass, as they will stand in the object. */
async function* readPass(
  chunks: AsyncIterable<Uint8Array>,
  header: PngHeader,
  columns: number,
  rows: number,
): AsyncGenerator<Uint8Array> {
  const { bits, samples, form } = header
  const rowBytes = Math.ceil((columns * samples * bits) / 8)
  const pixelBytes = Math.max(1, (samples * bits) / 8)
  let above = new Uint8Array(rowBytes)
  for await (const block of wholeRows(chunks, rowBytes + 1, rows * (rowBytes + 1), name)) {
    const plain = unfilter(block, rowBytes, pixelBytes, above)
    above = plain.slice(-rowBytes)
    if (bits === 16) swapInPlace(plain)
    if (bits < 8) yield unpackBits(plain, rowBytes, columns, bits)
    else yield samples === form.samples ? plain : dropSamples(plain, samples, form.samples, bits / 8)
  }
}

// Adam7 (section 8): where each pass begins and how far apart its pixels are.
const passes = [
  { left: 0, top: 0, across: 8, down: 8 },
  { left: 4, top: 0, across: 8, down: 8 },
  { left: 0, top: 4, across: 4, down: 8 },
  { left: 2, top: 0, across: 4, down: 4 },
  { left: 0, top: 2, across: 2, down: 4 },
  { left: 1, top: 0, across: 2, down: 2 },
  { left: 0, top: 1, across: 1, down: 2 },
]

/** All seven passes have to be there before the first row is whole. */
async function* readInterlaced(source: ByteSource, header: PngHeader): AsyncGenerator<Uint8Array> {
  const { form } = header
  const pixelBytes = form.samples * (form.bitsAllocated / 8)
  const picture = new Uint8Array(nativeBytes(form))
  const chunks = inflateLong(pixelChunks(source, header.dataStart), 'deflate', name)
  const reader = oneAfterTheOther(chunks)
  try {
    for (const { left, top, across, down } of passes) {
      const columns = Math.ceil((form.columns - left) / across)
      const rows = Math.ceil((form.rows - top) / down)
      if (columns < 1 || rows < 1) continue
      let row = top
      const length = rows * (Math.ceil((columns * header.samples * header.bits) / 8) + 1)
      for await (const some of readPass(reader.take(length), header, columns, rows)) {
        for (let from = 0; from < some.length; row += down) {
          for (let column = left; column < form.columns; column += across, from += pixelBytes)
            picture.set(some.subarray(from, from + pixelBytes), (row * form.columns + column) * pixelBytes)
        }
      }
    }
  } finally {
    await chunks.return(undefined)
  }
  yield picture
}

/** Takes pieces of given lengths off one stream. */
function oneAfterTheOther(chunks: AsyncGenerator<Uint8Array>): { take(length: number): AsyncGenerator<Uint8Array> } {
  let rest = new Uint8Array(0)
  return {
    async *take(length) {
      for (let left = length; left > 0;) {
        if (rest.length === 0) {
          const next = await chunks.next()
          if (next.done === true) throw new ConvertFault('truncated', `${name} ends before its last pass.`)
          rest = next.value as Uint8Array<ArrayBuffer>
        }
        const part = rest.subarray(0, left)
        rest = rest.subarray(part.length)
        left -= part.length
        yield part
      }
    },
  }
}
