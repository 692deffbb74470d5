import { maxJpegScans } from '@instandt/dicom'
import { openSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { MarkerWalk, readJpegHeader } from './markers.ts'
import { runDecoder } from './run-decoder.ts'

/**
 * Pixels of an 8-bit JPEG stream: grey, or RGB pixel by pixel. Its sides were compared with what is wanted before.
 * @param stream has memory of its own, which is given away
 * @param limitMs milliseconds that decoding may take
 * @throws ConvertFault 'damaged' for what the decoder says of the stream, 'too-large', both naming it; anything else is no
 *   fault of the file, and may pass
 */
export async function decodeJpeg(
  stream: Uint8Array<ArrayBuffer>,
  wanted: { columns: number; rows: number; samples: number; name: string },
  limitMs: number = limits.decodeMs,
): Promise<Uint8Array> {
  const { columns, rows, samples, name } = wanted
  if (columns * rows * samples > limits.heldBytes)
    throw new ConvertFault('too-large', `${name} would be ${columns * rows * samples} bytes in memory.`)
  const walk = new MarkerWalk()
  walk.take(stream)
  if (walk.scans > maxJpegScans)
    throw new ConvertFault('too-large', `${name} is a JPEG stream of more than ${maxJpegScans} scans.`)
  const answer = await runDecoder({ stream, columns, rows, samples }, limitMs)
  if ('pixels' in answer) return answer.pixels
  if (answer.fault === 'late')
    throw new ConvertFault(
      'too-large',
      `${name} is a JPEG stream that takes longer than ${limitMs / 1000} s to decode.`,
    )
  const words = answer.fault === 'other-sides' ? 'of other sides than it says' : 'that cannot be decoded'
  throw new ConvertFault('damaged', `${name} is a JPEG stream ${words}.`)
}

const startOfImage = [0xff, 0xd8]
/** Says what three samples are: libjpeg would guess. */
const adobeSegment = (isYcc: boolean): number[] =>
  [[0xff, 0xee, 0, 14], [...Buffer.from('Adobe', 'latin1')], [0, 100, 0, 0, 0, 0, isYcc ? 1 : 0]].flat()

/**
 * A strip or tile of a TIFF file (Adobe TechNote 2): an abbreviated stream whose tables are those of the page.
 * @throws ConvertFault
 */
export async function decodeStrip(
  stream: Uint8Array,
  tables: Uint8Array,
  wanted: { columns: number; rows: number; mostRows: number; samples: number; isYcc: boolean; name: string },
): Promise<Uint8Array> {
  const { name, samples, columns, rows, mostRows } = wanted
  if (stream[0] !== 0xff || stream[1] !== 0xd8) throw new ConvertFault('damaged', `${name} is no JPEG stream.`)
  // Both streams without their ends: SOI and EOI.
  const shared = tables.length > 4 ? tables.subarray(2, -2) : tables.subarray(0, 0)
  const start = Uint8Array.from([...startOfImage, ...(samples === 3 ? adobeSegment(wanted.isYcc) : [])])
  const whole = new Uint8Array(start.length + shared.length + stream.length - 2)
  whole.set(start)
  whole.set(shared, start.length)
  whole.set(stream.subarray(2), start.length + shared.length)
  const header = await readJpegHeader(
    openSource(whole.length, ({ offset, length }) => Promise.resolve(once(whole.subarray(offset, offset + length)))),
    name,
  )
  const hasItsSides = header.columns === columns && header.rows >= rows && header.rows <= mostRows
  if (!hasItsSides || header.samples !== samples || header.precision !== 8)
    throw new ConvertFault(
      'damaged',
      `${name} is a JPEG stream of ${header.columns} × ${header.rows} pixels with ${header.samples} samples of ${header.precision} bits.`,
    )
  // The decoder would follow the stream, libtiff follows the page.
  if (samples === 3 && header.isJfif && !wanted.isYcc)
    throw new ConvertFault('damaged', `${name} is Y′CbCr by its own words (JFIF) and RGB by those of the page.`)
  return decodeJpeg(whole, { columns, rows: header.rows, samples, name })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
