import { createHash } from 'node:crypto'

export interface Sample {
  bytes: Uint8Array<ArrayBuffer>
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
