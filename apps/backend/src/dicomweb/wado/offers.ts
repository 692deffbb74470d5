import { transferSyntax } from '@instandt/dicom'
import type { Offer } from './accept.ts'

export const dicom = 'application/dicom'
export const octets = 'application/octet-stream'
// What native frames are on their way out, whatever the file's byte order.
export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const implicitLittleEndian = '1.2.840.10008.1.2'

const ways = (offer: Omit<Offer, 'isMultipart'>): Offer[] => [
  { ...offer, isMultipart: true },
  { ...offer, isMultipart: false },
]

/** Compressed frames under the name of their format and as plain bytes, native ones as plain bytes only. */
export function frameOffers({ syntaxUid, isEncapsulated }: { syntaxUid: string; isEncapsulated: boolean }): Offer[] {
  const imageType = isEncapsulated ? transferSyntax(syntaxUid)?.mediaType : undefined
  const transferSyntaxUids = isEncapsulated ? [syntaxUid] : [explicitLittleEndian, implicitLittleEndian]
  const types = imageType === undefined || imageType === octets ? [octets] : [imageType, octets]
  return types.flatMap((type) => ways({ type, transferSyntaxUids }))
}

export const objectOffers = (syntaxUid: string): Offer[] => ways({ type: dicom, transferSyntaxUids: [syntaxUid] })

export const partType = (type: string, transferSyntaxUid: string): string =>
  `${type}; transfer-syntax=${transferSyntaxUid}`
