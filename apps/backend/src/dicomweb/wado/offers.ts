import { transferSyntax, transferSyntaxes } from '@instandt/dicom'
import { writableSyntaxes } from '@instandt/pixels'
import type { Offer } from './accept.ts'

export const dicom = 'application/dicom'
export const octets = 'application/octet-stream'
// What native frames are on their way out, whatever the file's byte order.
export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const implicitLittleEndian = '1.2.840.10008.1.2'

/** An offer and the transfer syntax of what is sent. */
export interface SyntaxOffer extends Offer {
  syntaxUid: string
}

/** Which transfer syntaxes a resource can be written in; what is not known yet is taken as possible. */
export type IsPossible = (syntaxUid: string) => boolean

const nativeSyntaxes = [explicitLittleEndian, implicitLittleEndian]

/** What a media type is when no transfer syntax is named (PS3.18 table 8.7.3-5). */
const defaults: Readonly<Record<string, string>> = {
  'image/jpeg': '1.2.840.10008.1.2.4.70',
  'image/jls': '1.2.840.10008.1.2.4.80',
  'image/jp2': '1.2.840.10008.1.2.4.90',
  'image/jphc': '1.2.840.10008.1.2.4.201',
  'image/dicom-rle': '1.2.840.10008.1.2.5',
}

const ways = (offer: Omit<SyntaxOffer, 'isMultipart'>): SyntaxOffer[] => [
  { ...offer, isMultipart: true },
  { ...offer, isMultipart: false },
]

/**
 * Frames as they are stored, then in the transfer syntaxes they can be written in. Native ones are plain bytes in either
 * little-endian syntax; compressed ones come under the name of their format and, named, as plain bytes.
 */
export function frameOffers(
  stored: { syntaxUid: string; isEncapsulated: boolean },
  isPossible: IsPossible,
): SyntaxOffer[] {
  const { syntaxUid, isEncapsulated } = stored
  const makesNative = isEncapsulated && isPossible(explicitLittleEndian)
  const offers: SyntaxOffer[] = []
  if (isEncapsulated) {
    const type = transferSyntax(syntaxUid)?.mediaType ?? octets
    const own = { transferSyntaxUids: [syntaxUid], syntaxUid }
    if (type !== octets) offers.push(...ways({ ...own, type }))
    // PS3.18 8.7.3: plain bytes without a name are explicit little endian, but for what was compressed with loss.
    const isDefault = !makesNative || (transferSyntax(syntaxUid)?.isLossy ?? false)
    offers.push(...ways({ ...own, type: octets, isDefault }))
  }
  if (!isEncapsulated || makesNative) {
    const native = { type: octets, transferSyntaxUids: nativeSyntaxes, syntaxUid: explicitLittleEndian }
    offers.push(...ways({ ...native, isStored: !isEncapsulated }))
  }
  for (const uid of writableSyntaxes) {
    if (nativeSyntaxes.includes(uid) || uid === syntaxUid || !isPossible(uid)) continue
    const type = transferSyntax(uid)?.mediaType ?? octets
    const made = { transferSyntaxUids: [uid], syntaxUid: uid, isStored: false }
    offers.push(...ways({ ...made, type, isDefault: defaults[type] === uid }))
    offers.push(...ways({ ...made, type: octets, isDefault: false }))
  }
  return offers
}

/** Whole objects: as they are stored unless another transfer syntax is named. */
export function objectOffers(storedSyntaxUid: string, isPossible: IsPossible): SyntaxOffer[] {
  const others = writableSyntaxes.filter((uid) => uid !== storedSyntaxUid && isPossible(uid))
  return [
    ...ways({ type: dicom, transferSyntaxUids: [storedSyntaxUid], syntaxUid: storedSyntaxUid }),
    ...others.flatMap((uid) => {
      return ways({ type: dicom, transferSyntaxUids: [uid], syntaxUid: uid, isStored: false, isDefault: false })
    }),
  ]
}

/** Many objects: as each is stored, or all that can be in one named transfer syntax; `syntaxUid` is empty for the former. */
export const manyOffers: readonly SyntaxOffer[] = [
  {
    type: dicom,
    isMultipart: true,
    transferSyntaxUids: transferSyntaxes.map(({ uid }) => uid).filter((uid) => !writableSyntaxes.includes(uid)),
    syntaxUid: '',
  },
  ...writableSyntaxes.map((uid) => ({
    type: dicom,
    isMultipart: true,
    transferSyntaxUids: [uid],
    syntaxUid: uid,
    isStored: false,
    isDefault: false,
  })),
]

export const partType = (type: string, transferSyntaxUid: string): string =>
  `${type}; transfer-syntax=${transferSyntaxUid}`
