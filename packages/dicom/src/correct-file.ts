import { toBase64 } from './base64.ts'
import { getItems, getStrings } from './dataset.ts'
import { tags, vrOf } from './dictionary/index.ts'
import { undefinedLength } from './element-head.ts'
import type { FileLayout, PlacedElement } from './file-layout.ts'
import type { Splice } from './splice.ts'
import type { Dataset, Element } from './types.ts'
import { byteLength, itemHeader, type Layout, writeElements } from './write-dataset.ts'
import { createTextEncoder, DicomWriteError, type EncodeText } from './write-value.ts'

/** Text by tag, as a person typed it; null empties the attribute. Tags of the data set itself, in text VRs. */
export type Corrections = Readonly<Record<string, string | null>>

/** What the Original Attributes Sequence tells of a correction (PS3.3 C.12.1.1.9). */
export interface CorrectionNote {
  /** YYYYMMDDHHMMSS.FFFFFF&ZZXX */
  dateTime: string
  /** At most 64 characters. */
  modifyingSystem: string
  /** Further elements of the item, such as a private block with the hash of the file as it was. */
  more?: Dataset
}

/**
 * What has to change in a file's bytes for some attributes to get other values: their elements, the group lengths that no
 * longer hold, and one item more in the Original Attributes Sequence with the values from before, byte for byte. A value
 * that the file's character set lacks makes it ISO_IR 192, where all its texts are ASCII. Pixel data is not looked at.
 * @throws DicomWriteError a value cannot be written in the character set, and the texts that are there forbid another one
 */
export function planCorrection(layout: FileLayout, corrections: Corrections, note: CorrectionNote): Splice[] {
  const terms = getStrings(layout.dataset, tags.specificCharacterSet)
  const { encode, isUnicodeNow } = encoderFor(layout.dataset, terms, corrections)
  const written: Layout = { isImplicit: layout.isImplicit, isBigEndian: layout.isBigEndian, lengths: 'defined' }
  const changed = new Map<string, Element>(
    Object.entries(corrections).map(([tag, text]) => [tag, elementOf(tag, text, encode)]),
  )
  if (isUnicodeNow) changed.set(tags.specificCharacterSet, { vr: 'CS', Value: ['ISO_IR 192'] })

  // Ascending, so that new ones for the same place stand in order.
  const splices = [...changed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([tag, element]) => replace(layout, tag, join(writeElements({ [tag]: element }, written))))
  splices.push(...addToHistory(layout, historyItem(layout, [...changed.keys()], note), written, encode))
  for (const group of new Set([...changed.keys(), tags.originalAttributesSequence].map((tag) => tag.slice(0, 4))))
    splices.push(...remove(layout, `${group}0000`))
  return inOrder(splices)
}

function encoderFor(
  dataset: Dataset,
  terms: readonly string[],
  corrections: Corrections,
): { encode: EncodeText; isUnicodeNow: boolean } {
  const declared = createTextEncoder(terms)
  try {
    for (const [tag, text] of Object.entries(corrections)) declared(text ?? '', tag)
    return { encode: declared, isUnicodeNow: false }
  } catch (error) {
    if (!(error instanceof DicomWriteError) || !isAscii(dataset)) throw error
    return { encode: createTextEncoder(['ISO_IR 192']), isUnicodeNow: true }
  }
}

const textVrs: readonly string[] = ['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT', 'UN']

/** Whether every text means the same in every character set; those left in the file may hold anything. */
function isAscii(dataset: Dataset): boolean {
  return Object.values(dataset).every(({ vr, Value = [], BulkDataURI }) => {
    if (vr === 'SQ') return (Value as Dataset[]).every(isAscii)
    if (!textVrs.includes(vr)) return true
    if (BulkDataURI !== undefined) return false
    // eslint-disable-next-line no-control-regex
    return /^[\x00-\x1a\x1c-\x7f]*$/.test(JSON.stringify(Value))
  })
}

/** The bytes of a text as its VR wants them, whatever signs it holds. */
function elementOf(tag: string, text: string | null, encode: EncodeText): Element {
  const vr = vrOf(tag)
  if (vr === undefined) throw new DicomWriteError('The dictionary does not know the attribute.', tag)
  if (text === null || text === '') return { vr }
  const bytes = encode(text, tag)
  // InlineBinary is padded with zeros, text with blanks.
  const padded = bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, vr === 'UI' ? 0 : 0x20)
  return { vr, InlineBinary: toBase64(padded) }
}

const placesOf = (layout: FileLayout, tag: string): PlacedElement[] =>
  layout.elements.filter((element) => element.tag === tag)

const cut = ({ offset, end }: PlacedElement, bytes: Uint8Array = new Uint8Array(0)): Splice => ({
  offset,
  length: end - offset,
  bytes,
})

const remove = (layout: FileLayout, tag: string): Splice[] => placesOf(layout, tag).map((element) => cut(element))

/** The first one counts where an element stands twice; both make room. */
function replace(layout: FileLayout, tag: string, bytes: Uint8Array): Splice[] {
  const [first, ...others] = placesOf(layout, tag)
  if (first) return [cut(first, bytes), ...others.map((element) => cut(element))]
  const following = layout.elements.find((element) => element.tag > tag)
  const offset = following?.offset ?? layout.elements.at(-1)?.end ?? 0
  return [{ offset, length: 0, bytes }]
}

function historyItem(layout: FileLayout, changedTags: readonly string[], note: CorrectionNote): Dataset {
  const before: Dataset = {}
  for (const tag of changedTags) {
    const [first] = placesOf(layout, tag)
    const { vr = vrOf(tag) ?? 'UN' } = layout.dataset[tag] ?? {}
    before[tag] = first?.value && first.value.length > 0 ? { vr, InlineBinary: toBase64(first.value) } : { vr }
  }
  return {
    ...note.more,
    [tags.modifiedAttributesSequence]: { vr: 'SQ', Value: [before] },
    [tags.attributeModificationDateTime]: { vr: 'DT', Value: [note.dateTime] },
    [tags.modifyingSystem]: { vr: 'LO', Value: [note.modifyingSystem] },
    [tags.sourceOfPreviousValues]: { vr: 'LO' },
    [tags.reasonForTheAttributeModification]: { vr: 'CS', Value: ['CORRECT'] },
  }
}

/** Adds an item at the end of the Original Attributes Sequence; items that are there stay as they are written. */
function addToHistory(layout: FileLayout, item: Dataset, written: Layout, encode: EncodeText): Splice[] {
  const tag = tags.originalAttributesSequence
  const [there] = placesOf(layout, tag)
  if (there?.vr !== 'SQ') {
    // Absent, or written as UN: then its items are in another syntax and are written anew.
    const items = [...getItems(layout.dataset, tag), item]
    return replace(layout, tag, join(writeElements({ [tag]: { vr: 'SQ', Value: items } }, written, {}, encode)))
  }
  const content = writeElements(item, written, {}, encode)
  const added = join([itemHeader(tags.item, byteLength(content), layout.isBigEndian), ...content])
  // Behind a sequence of undefined length stands its delimiter.
  if (there.length === undefinedLength) return [{ offset: there.end - 8, length: 0, bytes: added }]
  const length = new DataView(new ArrayBuffer(4))
  length.setUint32(0, there.length + added.length, !layout.isBigEndian)
  return [
    { offset: there.offset + there.headerLength - 4, length: 4, bytes: new Uint8Array(length.buffer) },
    { offset: there.end, length: 0, bytes: added },
  ]
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(byteLength(pieces))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

/** Ascending; what is put in at one place keeps its own order there, and stands before what is cut out behind it. */
function inOrder(splices: readonly Splice[]): Splice[] {
  return splices
    .map((splice, index) => ({ splice, index }))
    .sort((a, b) => a.splice.offset - b.splice.offset || a.splice.length - b.splice.length || a.index - b.index)
    .map(({ splice }) => splice)
}
