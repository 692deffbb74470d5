import type { MediaType } from '@instandt/dicom'
import { parseAccept } from '@instandt/dicom'

/** One way in which we can send a resource. */
export interface Offer {
  /** Type of the body, or of each part. */
  type: string
  isMultipart: boolean
  /** What a transfer-syntax parameter may ask for and get these bytes; without it the parameter has no meaning here. */
  transferSyntaxUids?: readonly string[]
}

/** Names that clients still use for the types of PS3.18 8.7.3.3. */
const olderNames: Readonly<Record<string, string>> = {
  'image/dicom+jpeg': 'image/jpeg',
  'image/dicom+jpeg-ls': 'image/jls',
  'image/x-jls': 'image/jls',
  'image/dicom+jpeg-jp2': 'image/jp2',
  'image/dicom+jpeg-jpx': 'image/jpx',
  'image/dicom+rle': 'image/dicom-rle',
  'image/x-dicom-rle': 'image/dicom-rle',
}

function typeFits(asked: string, offered: string): boolean {
  const name = olderNames[asked] ?? asked
  if (name === '*/*' || name === offered) return true
  return name.endsWith('/*') && offered.startsWith(name.slice(0, -1))
}

function fits(range: MediaType, offer: Offer): boolean {
  const syntax = range.parameters.get('transfer-syntax')
  if (syntax !== undefined && syntax !== '*' && offer.transferSyntaxUids && !offer.transferSyntaxUids.includes(syntax))
    return false
  if (range.type === '*/*') return true
  const isMultipartRange = range.type === 'multipart/related' || range.type === 'multipart/*'
  if (isMultipartRange !== offer.isMultipart) return false
  const partType = isMultipartRange ? (range.parameters.get('type') ?? '*/*') : range.type
  return typeFits(partType.toLowerCase(), offer.type)
}

/**
 * The first offer that the most wanted range accepts (PS3.18 8.7.5); undefined: 406. No Accept, an empty one or one
 * that cannot be read means "anything": the bytes as stored are the most useful answer then.
 */
export function chooseOffer<T extends Offer>(accept: string | undefined, offers: readonly T[]): T | undefined {
  const ranges = accept === undefined ? [] : parseAccept(accept)
  if (ranges.length === 0) return offers[0]
  for (const range of ranges) {
    const offer = offers.find((candidate) => fits(range, candidate))
    if (offer) return offer
  }
  return undefined
}
