import { AppError } from '../../app-error.ts'
import type { InstanceAddress, InstanceSelection } from '../../data/retrieve.ts'

/** Parts of the addresses of PS3.18 10.4. */
export interface WadoParams {
  study: string
  series: string
  instance: string
  /** Frame list or bulk data path: the rest of the address. */
  '*': string
}

// PostgreSQL takes no NUL in text; such an address names nothing.
export const anyUid = /^[^\0]{1,256}$/

export function selectionOf({ study, series, instance }: WadoParams): InstanceSelection {
  // A level that the route does not have is absent here.
  for (const uid of [study, series, instance] as (string | undefined)[]) {
    if (uid !== undefined && !anyUid.test(uid))
      throw new AppError('instance-not-found', 404, 'There is nothing stored at this address.')
  }
  const selection: InstanceSelection = { studyInstanceUid: study }
  if (series !== undefined) selection.seriesInstanceUid = series
  if (instance !== undefined) selection.sopInstanceUid = instance
  return selection
}

export const addressOf = (params: WadoParams): InstanceAddress => selectionOf(params) as InstanceAddress

/** PS3.18 10.4.1.1.6: numbers from 1, separated by commas. */
export function parseFrameList(list: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) {
    throw new AppError('frame-list-invalid', 400, 'The frame list must be numbers from 1, separated by commas.')
  }
  const frames = list.split(',').map(Number)
  if (frames.includes(0))
    throw new AppError('frame-list-invalid', 400, 'Frames are counted from 1; there is no frame 0.')
  return frames
}
