import { type AcceptRange, parseAccept } from '@instandt/dicom'

/** One way in which we can send a resource. */
export interface Offer {
  /** Type of the body, or of each part. */
  type: string
  isMultipart: boolean
  /** What a transfer-syntax parameter may ask for and get these bytes; without it the parameter has no meaning here. */
  transferSyntaxUids?: readonly string[]
  /** False: the bytes have to be made, so that whoever takes anything gets others. */
  isStored?: boolean
  /** False: only for whoever names the transfer syntax, or takes any. */
  isDefault?: boolean
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

function fits(range: AcceptRange, offer: Offer): boolean {
  const syntax = range.parameters.get('transfer-syntax')
  const isMultipartRange = range.type === 'multipart/related' || range.type === 'multipart/*'
  const partType = isMultipartRange ? (range.parameters.get('type') ?? '*/*') : range.type
  if (syntax === undefined) {
    if (partType.endsWith('*') ? offer.isStored === false : offer.isDefault === false) return false
  } else if (syntax === '*') {
    if (offer.isStored === false) return false
  } else if (offer.transferSyntaxUids && !offer.transferSyntaxUids.includes(syntax)) return false
  if (range.type === '*/*') return true
  if (isMultipartRange !== offer.isMultipart) return false
  return typeFits(partType.toLowerCase(), offer.type)
}

/**
 * The offer that the most wanted range accepts (PS3.18 8.7.5); undefined: 406. Of ranges wanted equally one that fits what
 * is stored goes first: nothing has to be made then. No Accept, an empty one or one that cannot be read means "anything".
 */
export function chooseOffer<T extends Offer>(accept: string | undefined, offers: readonly T[]): T | undefined {
  const ranges = accept === undefined ? [] : parseAccept(accept)
  if (ranges.length === 0) return offers[0]
  const stored = offers.filter((offer) => offer.isStored !== false)
  for (const weight of new Set(ranges.map((range) => range.weight))) {
    const wanted = ranges.filter((range) => range.weight === weight)
    for (const candidates of [stored, offers]) {
      for (const range of wanted) {
        const offer = candidates.find((candidate) => fits(range, candidate))
        if (offer) return offer
      }
    }
  }
  return undefined
}
