import { createHash } from 'node:crypto'
import {
  attributesOf,
  transferSyntax,
  writePart10,
  type Dataset,
  type Element,
  type WriteOptions,
} from '@instandt/dicom'
import { encodeRle } from '@instandt/pixels'

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const rleLossless = '1.2.840.10008.1.2.5'

export interface InstanceOptions {
  /** Name for what is made; the same name makes the same UIDs. */
  seed?: string | number
  transferSyntaxUid?: string
  studyInstanceUid?: string
  seriesInstanceUid?: string
  sopInstanceUid?: string
  sopClassUid?: string
  /** Specific Character Set; ISO_IR 192 when absent. */
  characterSets?: readonly string[]
  /** Further attributes, or others in place of ours; undefined leaves one out. */
  attributes?: Readonly<Record<string, Element | undefined>>
  /** Without pixel data when null. */
  image?: Partial<ImageOptions> | null
  write?: Omit<WriteOptions, 'transferSyntaxUid' | 'pixels'>
}

export interface ImageOptions {
  rows: number
  columns: number
  frames: number
  bitsAllocated: 1 | 8 | 16 | 32
  bitsStored: number
  samplesPerPixel: 1 | 3
  photometric: string
  isSigned: boolean
  /** Little-endian, interleaved bytes of a frame, counted from 0. Native frames are made one at a time, while written. */
  frame: (index: number) => Uint8Array
  /** Encapsulated syntaxes: fragments a frame. RLE is made of `frame`; the others take its bytes as their stream. */
  fragments: number
  offsetTable: 'none' | 'basic' | 'extended'
}

/** A UID that is always the same for the same words (PS3.5 B.2: a UUID after 2.25). */
export function uidOf(...words: (string | number)[]): string {
  const digest = createHash('sha256').update(words.join('\n')).digest('hex')
  return `2.25.${BigInt(`0x${digest.slice(0, 32)}`)}`
}

/** A sequence of items, by keyword. */
export function sequenceOf(keyword: string, items: Dataset[]): Dataset {
  const dataset = attributesOf({ [keyword]: [] })
  return Object.fromEntries(Object.keys(dataset).map((tag) => [tag, { vr: 'SQ', Value: items } satisfies Element]))
}

/** Cheap and never the same in two places: for tests that compare bytes. */
function plainFrame(length: number, index: number): Uint8Array {
  const frame = new Uint8Array(length)
  const words = new Uint32Array(frame.buffer, 0, Math.floor(length / 4))
  let state = (Math.imul(index + 1, 0x9e3779b1) ^ length) >>> 0
  for (let at = 0; at < words.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    words[at] = state ^ at
  }
  for (let at = words.length * 4; at < length; at += 1) frame[at] = at & 0xff
  return frame
}

function completeImage(image: Partial<ImageOptions>): ImageOptions {
  const { rows = 16, columns = 24, bitsAllocated = 16, samplesPerPixel = 1 } = image
  const bits = rows * columns * samplesPerPixel * bitsAllocated
  return {
    rows,
    columns,
    bitsAllocated,
    samplesPerPixel,
    frames: 1,
    bitsStored: bitsAllocated,
    photometric: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    isSigned: false,
    frame: (index) => plainFrame(Math.ceil(bits / 8), index),
    fragments: 1,
    offsetTable: 'basic',
    ...image,
  }
}

function imageAttributes(image: ImageOptions): Dataset {
  return attributesOf({
    SamplesPerPixel: image.samplesPerPixel,
    PhotometricInterpretation: image.photometric,
    PlanarConfiguration: image.samplesPerPixel > 1 ? 0 : undefined,
    NumberOfFrames: image.frames > 1 ? String(image.frames) : undefined,
    Rows: image.rows,
    Columns: image.columns,
    BitsAllocated: image.bitsAllocated,
    BitsStored: image.bitsStored,
    HighBit: image.bitsStored - 1,
    PixelRepresentation: image.isSigned ? 1 : 0,
  })
}

/** Cuts a stream into so many fragments of even length. */
function cut(stream: Uint8Array, count: number): Uint8Array[] {
  const size = Math.max(2, Math.ceil(stream.length / count / 2) * 2)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size))
  return pieces
}

function pixelsOf(image: ImageOptions, transferSyntaxUid: string): NonNullable<WriteOptions['pixels']> {
  const { rows, columns, samplesPerPixel, bitsAllocated, frames, frame } = image
  if (transferSyntax(transferSyntaxUid)?.encapsulated) {
    function* streams(): Generator<Uint8Array[]> {
      for (let index = 0; index < frames; index += 1) {
        const isRle = transferSyntaxUid === rleLossless
        yield cut(
          isRle ? encodeRle(frame(index), columns, samplesPerPixel, bitsAllocated / 8) : frame(index),
          image.fragments,
        )
      }
    }
    return { frames: streams(), offsetTable: image.offsetTable }
  }
  const length = Math.ceil((rows * columns * samplesPerPixel * bitsAllocated * frames) / 8)
  function* pieces(): Generator<Uint8Array> {
    // Frames of single bits follow each other without a gap, so they are made as one.
    if (bitsAllocated === 1) yield frames === 1 ? frame(0) : plainFrame(length, 0)
    else for (let index = 0; index < frames; index += 1) yield frame(index)
  }
  const sampleBytes = bitsAllocated === 32 ? 4 : bitsAllocated === 16 ? 2 : 1
  return { vr: bitsAllocated > 8 ? 'OW' : 'OB', length, pieces: pieces(), sampleBytes }
}

/**
 * A Part 10 file, piece by piece: valid unless its attributes were replaced by invalid ones. Native frames are made
 * while the file is written, so that one of any size needs the memory of one frame.
 */
export function streamInstance(options: InstanceOptions = {}): Generator<Uint8Array> {
  const { seed = 1, transferSyntaxUid = explicitLittleEndian, characterSets = ['ISO_IR 192'] } = options
  const image = options.image === null ? undefined : completeImage(options.image ?? {})
  const dataset: Dataset = {
    ...attributesOf({
      SpecificCharacterSet: [...characterSets],
      SOPClassUID: options.sopClassUid ?? '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: options.sopInstanceUid ?? uidOf(seed, 'instance'),
      StudyInstanceUID: options.studyInstanceUid ?? uidOf(seed, 'study'),
      SeriesInstanceUID: options.seriesInstanceUid ?? uidOf(seed, 'series'),
      StudyDate: '20260518',
      StudyTime: '093000',
      AccessionNumber: [],
      Modality: 'OT',
      PatientName: 'Test block',
      PatientID: `T-${seed}`,
      PatientBirthDate: [],
      PatientSex: [],
      ReferringPhysicianName: [],
      StudyID: [],
      SeriesNumber: '1',
      InstanceNumber: '1',
    }),
    ...(image ? imageAttributes(image) : {}),
  }
  for (const [tag, element] of Object.entries(options.attributes ?? {})) {
    if (element === undefined) delete dataset[tag]
    else dataset[tag] = element
  }
  return writePart10(dataset, {
    ...options.write,
    transferSyntaxUid,
    ...(image ? { pixels: pixelsOf(image, transferSyntaxUid) } : {}),
  })
}

/** A Part 10 file as one array. */
export function buildInstance(options: InstanceOptions = {}): Uint8Array {
  const pieces = [...streamInstance(options)]
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    file.set(piece, at)
    at += piece.length
  }
  return file
}
