import type createModule from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'
import { openSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { readJpegHeader } from './markers.ts'

type Module = Awaited<ReturnType<typeof createModule>>

let loading: Promise<Module> | undefined

/** Loaded when the first picture asks for it. */
function loadModule(): Promise<Module> {
  loading ??= import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs').then(({ default: factory }) =>
    factory({ print: () => undefined, printErr: () => undefined }),
  )
  return loading
}

/**
 * Pixels of an 8-bit JPEG stream: grey, or RGB pixel by pixel. Its sides were compared with what is wanted before.
 * @throws ConvertFault 'damaged', naming the stream
 */
export async function decodeJpeg(
  stream: Uint8Array,
  wanted: { columns: number; rows: number; samples: number; name: string },
): Promise<Uint8Array> {
  const { columns, rows, samples, name } = wanted
  if (columns * rows * samples > limits.heldBytes)
    throw new ConvertFault('too-large', `${name} would be ${columns * rows * samples} bytes in memory.`)
  const module = await loadModule()
  const decoder = new module.JPEGDecoder()
  try {
    decoder.getEncodedBuffer(stream.length).set(stream)
    decoder.decode()
    const { width, height, componentCount } = decoder.getFrameInfo()
    const pixels = decoder.getDecodedBuffer()
    if (width !== columns || height !== rows || componentCount !== samples || pixels.length < columns * rows * samples)
      throw new ConvertFault('damaged', `${name} is a JPEG stream of other sides than it says.`)
    // A view of the program's memory, and of another kind for some builds.
    return Uint8Array.from(pixels.subarray(0, columns * rows * samples))
  } catch (error) {
    if (error instanceof ConvertFault) throw error
    throw new ConvertFault('damaged', `${name} is a JPEG stream that cannot be decoded.`, { cause: error })
  } finally {
    decoder.delete()
  }
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
  wanted: { columns: number; rows: number; samples: number; isYcc: boolean; name: string },
): Promise<Uint8Array> {
  const { name, samples, columns } = wanted
  if (stream[0] !== 0xff || stream[1] !== 0xd8) throw new ConvertFault('damaged', `${name} is no JPEG stream.`)
  // Both streams without their ends: SOI and EOI.
  const shared = tables.length > 4 ? tables.subarray(2, -2) : tables.subarray(0, 0)
  const whole = Buffer.concat([
    Uint8Array.from([...startOfImage, ...(samples === 3 ? adobeSegment(wanted.isYcc) : [])]),
    shared,
    stream.subarray(2),
  ])
  const header = await readJpegHeader(
    openSource(whole.length, ({ offset, length }) => Promise.resolve(once(whole.subarray(offset, offset + length)))),
    name,
  )
  if (header.columns !== columns || header.samples !== samples || header.rows < wanted.rows || header.precision !== 8)
    throw new ConvertFault(
      'damaged',
      `${name} is a JPEG stream of ${header.columns} × ${header.rows} pixels with ${header.samples} samples of ${header.precision} bits.`,
    )
  return decodeJpeg(whole, { columns, rows: header.rows, samples, name })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
