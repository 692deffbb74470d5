import { readFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import {
  alignFrame,
  createHeaderReader,
  type Dataset,
  DicomReadError,
  FRAME_ENTRY_BYTES,
  type FrameIndex,
  locateNativeFrame,
  readFrameEntry,
  stripItemHeaders,
  swapFrame,
} from '@instandt/dicom'

export interface OpenFile {
  dataset: Dataset
  frameCount: number
  /** Transfer syntax of what `frame` gives. */
  frameSyntaxUid: string
  /** Bytes of a frame from 1, as the server sends them. */
  frame(number: number): Promise<Uint8Array<ArrayBuffer>>
}

const itemHeaderBytes = 8
const metaStart = 144

/** A file and its frames without a server; undefined when it cannot be read or has no frames. */
export const openFile = (name: string): OpenFile | undefined => openBytes(readFileSync(name))

export function openBytes(file: Buffer): OpenFile | undefined {
  const reader = createHeaderReader()
  try {
    reader.push(new Uint8Array(file))
    const { dataset, frames, transferSyntaxUid } = reader.end()
    if (!frames) return undefined
    const bytes = frames.deflated ? inflated(file) : file
    return {
      dataset,
      frameCount: frames.frameCount,
      frameSyntaxUid: frames.encapsulated ? transferSyntaxUid : '1.2.840.10008.1.2.1',
      frame: (number) =>
        collect(frames.encapsulated ? encapsulated(bytes, frames, number) : native(bytes, frames, number)),
    }
  } catch (error) {
    if (error instanceof DicomReadError) return undefined
    throw error
  }
}

/** The data set behind the group length of the file meta information, in the place where it stood. */
function inflated(file: Buffer): Buffer {
  const metaLength = file.readUInt32LE(metaStart - 4)
  return inflateRawSync(file.subarray(metaStart + metaLength))
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function native(file: Buffer, index: FrameIndex, number: number): AsyncIterable<Uint8Array> {
  const place = locateNativeFrame(index, number)
  if (!place) throw new RangeError(`no frame ${number}`)
  const bytes = once(file.subarray(place.offset, place.offset + place.length))
  const swapped = index.swapBytes > 1 ? swapFrame(bytes, index.swapBytes) : bytes
  return alignFrame(swapped, place.bitOffset, place.bitLength)
}

function encapsulated(file: Buffer, index: FrameIndex, number: number): AsyncIterable<Uint8Array> {
  const { offset, span, fragments } = readFrameEntry(index.table!.subarray((number - 1) * FRAME_ENTRY_BYTES))
  if (fragments === 1) return once(file.subarray(offset, offset + span))
  return stripItemHeaders(once(file.subarray(offset - itemHeaderBytes, offset + span)))
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = []
  for await (const piece of source) pieces.push(Buffer.from(piece))
  return new Uint8Array(Buffer.concat(pieces))
}
