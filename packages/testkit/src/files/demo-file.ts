import type { Dataset } from '@instandt/dicom'
import { attributesOf } from '@instandt/dicom'
import { buildInstance, uidOf, type ImageOptions } from './build-instance.ts'

/** What a stored pixel holds. */
export interface Probe {
  /** From 1. */
  frame: number
  /** From 0, the pixel's own. */
  column: number
  row: number
  /** Stored value, before any rescaling; red, green and blue of colour images. */
  value: number | readonly [red: number, green: number, blue: number]
}

/** Something made into the part, and where it is to be seen. */
export interface Flaw {
  kind: 'pore' | 'shrinkage' | 'delamination'
  /** From 1. */
  frame: number
  column: number
  row: number
  /** mm; the greater one of a delamination. */
  diameter: number
}

/** All that is known of one made-up file. */
export interface DemoTruth {
  name: string
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
  componentId: string
  componentName: string
  transferSyntaxUid: string
  photometric: string
  rows: number
  columns: number
  frames: number
  /** mm a pixel. */
  spacing: number
  probes: Probe[]
  flaws: Flaw[]
}

export interface DemoFile {
  /** 'weld/view-1.dcm'. */
  name: string
  bytes: Uint8Array
  truth: DemoTruth
}

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const edition = ['DICONDE21', 'instaNDT testkit']

/** What all files of an inspection share. */
export interface DemoInspection {
  key: string
  seed: number
  componentId: string
  componentName: string
  attributes: Parameters<typeof attributesOf>[0]
}

/** One file before it is written. */
export interface DemoPicture {
  name: string
  series: string
  instance: number
  sopClassUid: string
  transferSyntaxUid?: string
  attributes: Parameters<typeof attributesOf>[0]
  sequences?: Dataset
  image: Partial<ImageOptions> & Pick<ImageOptions, 'rows' | 'columns' | 'frame'>
  spacing: number
  /** [frame from 1, column, row] of the pixels to remember. */
  probeAt: readonly (readonly [frame: number, column: number, row: number])[]
  flaws: Flaw[]
}

export const bytesOf = (values: Uint16Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

function probe({ image }: DemoPicture, frame: number, column: number, row: number): Probe {
  const bytes = image.frame(frame - 1)
  const at = row * image.columns + column
  if (image.samplesPerPixel === 3)
    return { frame, column, row, value: [bytes[at * 3] ?? 0, bytes[at * 3 + 1] ?? 0, bytes[at * 3 + 2] ?? 0] }
  const value = image.bitsAllocated === 8 ? bytes[at] : (bytes[at * 2] ?? 0) + (bytes[at * 2 + 1] ?? 0) * 256
  return { frame, column, row, value: value ?? 0 }
}

/** Writes the file and remembers what is in it. */
export function writeDemo(inspection: DemoInspection, file: DemoPicture): DemoFile {
  const { key, seed } = inspection
  const name = `${key}/${file.name}.dcm`
  const {
    rows,
    columns,
    frames = 1,
    photometric = file.image.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
  } = file.image
  const truth: DemoTruth = {
    name,
    studyInstanceUid: uidOf('demo', seed, key),
    seriesInstanceUid: uidOf('demo', seed, key, file.series),
    sopInstanceUid: uidOf('demo', seed, key, file.series, file.instance),
    componentId: inspection.componentId,
    componentName: inspection.componentName,
    transferSyntaxUid: file.transferSyntaxUid ?? explicitLittleEndian,
    photometric,
    rows,
    columns,
    frames,
    spacing: file.spacing,
    probes: file.probeAt.map(([frame, column, row]) => probe(file, frame, column, row)),
    flaws: file.flaws,
  }
  const bytes = buildInstance({
    transferSyntaxUid: truth.transferSyntaxUid,
    sopClassUid: file.sopClassUid,
    studyInstanceUid: truth.studyInstanceUid,
    seriesInstanceUid: truth.seriesInstanceUid,
    sopInstanceUid: truth.sopInstanceUid,
    attributes: {
      ...attributesOf({
        PatientName: inspection.componentName,
        PatientID: inspection.componentId,
        ImageType: ['ORIGINAL', 'PRIMARY'],
        SoftwareVersions: edition,
        BurnedInAnnotation: 'NO',
        LossyImageCompression: '00',
        InstanceNumber: String(file.instance),
        FrameOfReferenceUID: uidOf('demo', seed, key, 'frame of reference'),
        ...inspection.attributes,
        ...file.attributes,
      }),
      ...file.sequences,
    },
    image: file.image,
  })
  return { name, bytes, truth }
}
