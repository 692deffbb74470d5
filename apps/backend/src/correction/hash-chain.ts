import { storeAnswer } from '@instandt/api'
import { type Dataset, getItems, tags } from '@instandt/dicom'

/** In our private block of an item of the Original Attributes Sequence: SHA-256 of the file that the correction replaced. */
const hashTag = '00091010'

/** What a corrected file says of the one before it, so that files alone tell which came first. */
export const previousHash = (sha256: Uint8Array): Dataset => ({
  [storeAnswer.creatorTag]: { vr: 'LO', Value: [storeAnswer.creator] },
  [hashTag]: { vr: 'LO', Value: [Buffer.from(sha256).toString('hex')] },
})

/** Hashes of all files that one was corrected from, the first one first; hexadecimal. */
export function earlierHashes(dataset: Dataset): string[] {
  return getItems(dataset, tags.originalAttributesSequence).flatMap((item) => {
    if (textOf(item, storeAnswer.creatorTag) !== storeAnswer.creator) return []
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
