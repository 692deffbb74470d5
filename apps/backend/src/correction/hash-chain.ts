import { storeAnswer } from '@instandt/api'
import { type Dataset, getItems, tags } from '@instandt/dicom'

/** In our private block of an item of the Original Attributes Sequence: SHA-256 of the file that the correction replaced. */
const hashTag = '00091010'
/** There too: id of the correction that made the file. */
const correctionTag = '00091011'

/** What a corrected file says of the one before it, so that files alone tell which came first, and of its correction. */
export const originOf = (sha256: Uint8Array, correction: string): Dataset => ({
  [storeAnswer.creatorTag]: { vr: 'LO', Value: [storeAnswer.creator] },
  [hashTag]: { vr: 'LO', Value: [Buffer.from(sha256).toString('hex')] },
  [correctionTag]: { vr: 'LO', Value: [correction] },
})

const ourItems = (dataset: Dataset): Dataset[] =>
  getItems(dataset, tags.originalAttributesSequence).filter(
    (item) => textOf(item, storeAnswer.creatorTag) === storeAnswer.creator,
  )

/** The correction that made this file; undefined for a file as it came, and for one of an older program. */
export function correctionOf(dataset: Dataset): string | undefined {
  const item = ourItems(dataset).at(-1)
  const id = item && textOf(item, correctionTag)
  return id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined
}

/** Hashes of all files that one was corrected from, the first one first; hexadecimal. */
export function earlierHashes(dataset: Dataset): string[] {
  return ourItems(dataset).flatMap((item) => {
    const hash = textOf(item, hashTag)
    return hash !== undefined && /^[0-9a-f]{64}$/.test(hash) ? [hash] : []
  })
}

/** In implicit syntaxes a private element is bytes. */
function textOf(item: Dataset, tag: string): string | undefined {
  const { Value, InlineBinary } = item[tag] ?? {}
  if (InlineBinary !== undefined) return Buffer.from(InlineBinary, 'base64').toString('latin1').trim()
  return typeof Value?.[0] === 'string' ? Value[0] : undefined
}
