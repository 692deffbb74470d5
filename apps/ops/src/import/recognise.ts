import { beginsLikeDicom, directorySopClassUid, metaOf } from '@instandt/dicom'

/** Bytes of a file that tell what it is. */
export const headLength = 2048

/** Why a file that begins so is no object of an archive; undefined for one that is. Names are not asked. */
export function whyNoObject(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'empty'
  if (!beginsLikeDicom(head)) return 'not DICOM'
  return metaOf(head).sopClassUid === directorySopClassUid ? 'DICOMDIR' : undefined
}
