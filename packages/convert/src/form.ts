import type { RawGeometry } from './read-raw.ts'

type Maybe<T> = { [Key in keyof T]?: T[Key] | undefined }

/** Film goes into a Computed Radiography Image, everything else into a Secondary Capture. */
export type Source = 'film' | 'machine' | 'photo' | 'scan'

/**
 * Where the size of a pixel is known from. `file`: the resolution that a film or a sheet was scanned with, as the file says it;
 * `scanned`, `detector`: the same said by a person, on the film or at the detector; `calibrated`: measured in the picture.
 */
export type PixelSize =
  | { kind: 'none' }
  | { kind: 'file' }
  | { kind: 'scanned'; rowMm: number; columnMm: number }
  | { kind: 'detector'; rowMm: number; columnMm: number }
  | { kind: 'calibrated'; rowMm: number; columnMm: number; by: 'known-length' | 'geometry'; description: string }

/** What people say about the file; dates are YYYY-MM-DD, times HH:MM or HH:MM:SS. */
export interface Form {
  component: Maybe<{
    name: string
    number: string
    manufacturer: string
    manufacturingDate: string
    material: string
    owner: string
    notes: string
  }>
  inspection: Maybe<{
    date: string
    time: string
    orderNumber: string
    number: string
    description: string
    company: string
    inspector: string
    certifyingInspector: string
  }>
  view: Maybe<{ description: string; number: number; modality: string; operator: string }>
  source: Source
  equipment: Maybe<{ manufacturer: string; model: string; serialNumber: string; station: string }>
  /** Of films. */
  digitiser?:
    | Maybe<{
        /** ISO 14096-2. */
        digitiserClass: 'DS' | 'DB' | 'DA'
        densityFrom: number
        densityTo: number
        calibratedOn: string
      }>
    | undefined
  pixelSize: PixelSize
}

/** All that makes one file's objects; the same request makes the same bytes. */
export interface ConvertRequest {
  /** Stands for this file: its objects have their UIDs from it. */
  id: string
  /** Files with the same one, and of the same component, belong to one inspection. */
  batch: string
  /** Instance Number of the first object. */
  number: number
  name: string
  /** 64 hexadecimal digits. */
  sha256: string
  /** When the file was received. */
  receivedAt: Date
  form: Form
  raw: RawGeometry | undefined
}
