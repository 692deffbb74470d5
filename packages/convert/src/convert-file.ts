import { attributesOf, type Dataset, getString, type PieceValue, tags, writePart10Stream } from '@instandt/dicom'
import type { ByteSource } from './byte-source.ts'
import { ConvertFault } from './fault.ts'
import { describeFile, type SeriesKind } from './describe.ts'
import { describePicture } from './describe-picture.ts'
import type { ConvertRequest } from './form.ts'
import { limits } from './limits.ts'
import { nativeBytes, type Picture, type PixelForm } from './picture.ts'
import { type FileContent, type Format, readFile } from './read-file.ts'
import { uidFor } from './uid.ts'

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const storage = '1.2.840.10008.5.1.4.1.1.'
const classes = {
  film: `${storage}1`,
  single: `${storage}7`,
  byteFrames: `${storage}7.2`,
  wordFrames: `${storage}7.3`,
  colourFrames: `${storage}7.4`,
  pdf: `${storage}104.1`,
}

/** One object of a file, ready to be written. */
export interface ConvertedObject {
  sopInstanceUid: string
  /** The Part 10 file; the same bytes each time. @throws ConvertFault while the pixels are read, DicomWriteError */
  write(): AsyncGenerator<Uint8Array>
}

/**
 * Makes DICONDE objects of a file: its structure is checked now, its pixels when an object is written. A film page becomes a
 * Computed Radiography Image; pages of one form a multi-frame Secondary Capture; others one object each.
 * @throws ConvertFault
 */
export async function convertFile(
  source: ByteSource,
  request: ConvertRequest,
): Promise<{ format: Format; objects: ConvertedObject[] }> {
  const content = await readFile(source, request.raw)
  const { format, pictures } = content
  if (format === 'pdf') return { format, objects: [documentOf(source, request)] }
  const groups = canBeFrames(pictures, request) ? [pictures] : pictures.map((picture) => [picture])
  return { format, objects: groups.map((group, index) => imageOf(group, index, content, request, groups.length > 1)) }
}

const formKeys = [
  'columns',
  'rows',
  'samples',
  'bitsAllocated',
  'bitsStored',
  'isSigned',
  'photometric',
  'isPlanar',
] as const

/** What multi-frame Secondary Captures are made for (PS3.3 A.8.3 to A.8.5): grey of 8 or 9 to 16 bits, colour. */
function canBeFrames(pictures: readonly Picture[], { form }: ConvertRequest): boolean {
  const [first, ...others] = pictures
  if (!first || others.length === 0 || form.source === 'film') return false
  const isAlike = others.every(
    (other) =>
      formKeys.every((key) => other[key] === first[key]) &&
      other.spacing?.row === first.spacing?.row &&
      other.spacing?.column === first.spacing?.column &&
      (other.lossyBytes === undefined) === (first.lossyBytes === undefined),
  )
  const isMade =
    first.photometric === 'RGB' || (first.photometric === 'MONOCHROME2' && !first.isSigned && first.bitsStored >= 8)
  return isAlike && isMade && pictures.length * nativeBytes(first) <= limits.valueBytes
}

const isGrey = ({ photometric }: PixelForm): boolean => photometric.startsWith('MONOCHROME')

function imageOf(
  group: readonly Picture[],
  index: number,
  { format, origin }: FileContent,
  request: ConvertRequest,
  isOneOfMany: boolean,
): ConvertedObject {
  const [first] = group as [Picture]
  const kind: SeriesKind = request.form.source === 'film' && isGrey(first) ? 'film' : 'image'
  const isFramed = group.length > 1
  const sopClassUid =
    kind === 'film'
      ? classes.film
      : !isFramed
        ? classes.single
        : first.samples === 3
          ? classes.colourFrames
          : first.bitsAllocated === 16
            ? classes.wordFrames
            : classes.byteFrames
  const lossyBytes = group.some((one) => one.lossyBytes !== undefined)
    ? group.reduce((sum, one) => sum + (one.lossyBytes ?? 0), 0) / group.length
    : undefined
  const picture = lossyBytes === undefined ? first : { ...first, lossyBytes }
  const dataset: Dataset = {
    ...describeFile(request, kind, origin, format, isOneOfMany),
    ...describeObject(request, sopClassUid, index),
    ...attributesOf({
      // The digitiser made these values; of what was copied from elsewhere that is not known.
      ImageType: kind === 'film' ? ['ORIGINAL', 'PRIMARY'] : ['DERIVED', 'SECONDARY'],
      PatientOrientation: [],
      Laterality: [],
      ...(kind === 'film' ? { BodyPartExamined: [], ViewPosition: [] } : {}),
    }),
    ...describePicture(picture, group.length, request.form),
    ...(isFramed ? describeFrames(first, group.length) : {}),
  }
  const value: Omit<PieceValue, 'pieces'> = {
    tag: tags.pixelData,
    vr: picture.transferSyntaxUid === undefined && picture.bitsAllocated === 16 ? 'OW' : 'OB',
    length: group.reduce((sum, one) => sum + one.byteLength, 0),
    isEncapsulated: picture.transferSyntaxUid !== undefined,
  }
  return objectOf(dataset, picture.transferSyntaxUid ?? explicitLittleEndian, value, () => allPieces(group))
}

async function* allPieces(group: readonly Picture[]): AsyncGenerator<Uint8Array> {
  for (const picture of group) yield* picture.pieces()
}

function describeObject(request: ConvertRequest, sopClassUid: string, index: number): Dataset {
  const received = request.receivedAt.toISOString().replaceAll(/[-:]/g, '')
  const { date, time } = request.form.inspection
  return attributesOf({
    SOPClassUID: sopClassUid,
    SOPInstanceUID: uidFor('instance', request.id, String(index)),
    InstanceNumber: String(request.number + index),
    ContentDate: date?.replaceAll('-', '') ?? [],
    ContentTime: time?.replaceAll(':', '') ?? [],
    DateOfSecondaryCapture: received.slice(0, 8),
    TimeOfSecondaryCapture: received.slice(9, 15),
  })
}

/** SC Multi-frame Image and Vector (PS3.3 C.8.6.3, C.8.6.4): the frames are pages. */
function describeFrames(first: Picture, frames: number): Dataset {
  return attributesOf({
    // Lead letters and stamps are in the picture more often than not.
    BurnedInAnnotation: 'YES',
    FrameIncrementPointer: '00182001',
    PageNumberVector: Array.from({ length: frames }, (_, index) => String(index + 1)),
    ...(first.samples === 1
      ? { PresentationLUTShape: 'IDENTITY', RescaleIntercept: '0', RescaleSlope: '1', RescaleType: 'US' }
      : {}),
  })
}

/** Encapsulated PDF (PS3.3 A.45.1). */
function documentOf(source: ByteSource, request: ConvertRequest): ConvertedObject {
  if (source.byteLength > limits.valueBytes)
    throw new ConvertFault('too-large', `The PDF file has ${source.byteLength} bytes; an object holds 4 GiB at most.`)
  const dataset: Dataset = {
    ...describeFile(request, 'document', {}, 'pdf'),
    ...describeObject(request, classes.pdf, 0),
    ...attributesOf({
      AcquisitionDateTime: [],
      BurnedInAnnotation: 'YES',
      DocumentTitle: request.form.view.description ?? [],
      ConceptNameCodeSequence: [],
      MIMETypeOfEncapsulatedDocument: 'application/pdf',
      EncapsulatedDocumentLength: source.byteLength,
    }),
  }
  const value = { tag: tags.encapsulatedDocument, vr: 'OB' as const, length: source.byteLength }
  return objectOf(dataset, explicitLittleEndian, value, () => source.stream(0, source.byteLength))
}

function objectOf(
  dataset: Dataset,
  transferSyntaxUid: string,
  value: Omit<PieceValue, 'pieces'>,
  pieces: () => AsyncIterable<Uint8Array>,
): ConvertedObject {
  return {
    sopInstanceUid: getString(dataset, tags.sopInstanceUid) ?? '',
    write: () => writePart10Stream(dataset, { transferSyntaxUid, value: { ...value, pieces: pieces() } }),
  }
}
