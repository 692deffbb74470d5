import { getStrings } from './dataset.ts'
import { tags } from './dictionary/index.ts'
import { undefinedLength } from './element-head.ts'
import type { Dataset, Element, Vr } from './types.ts'
import { vrForm } from './vr-forms.ts'
import { createTextEncoder, DicomWriteError, writeValue, type EncodeText } from './write-value.ts'

/** How a data set is laid out. */
export interface Layout {
  isImplicit: boolean
  isBigEndian: boolean
  /** Of sequences and their items. */
  lengths: 'defined' | 'undefined'
  /** Bytes of a value the data set names by BulkDataURI. */
  bulk?: ((uri: string, element: Element) => Uint8Array | undefined) | undefined
}

/** Tag, VR and length (PS3.5 7.1). Throws DicomWriteError when the VR's length field is too short. */
export function elementHeader(
  tag: string,
  vr: Vr,
  length: number,
  layout: Pick<Layout, 'isImplicit' | 'isBigEndian'>,
): Uint8Array {
  const { isLong } = vrForm(vr)
  const little = !layout.isBigEndian
  const header = new Uint8Array(!layout.isImplicit && isLong ? 12 : 8)
  const view = new DataView(header.buffer)
  view.setUint16(0, Number.parseInt(tag.slice(0, 4), 16), little)
  view.setUint16(2, Number.parseInt(tag.slice(4), 16), little)
  if (length > undefinedLength) throw new DicomWriteError(`${length} bytes do not fit into one element.`, tag)
  if (layout.isImplicit) {
    view.setUint32(4, length, little)
    return header
  }
  header[4] = vr.charCodeAt(0)
  header[5] = vr.charCodeAt(1)
  if (isLong) view.setUint32(8, length, little)
  else if (length > 0xffff) throw new DicomWriteError(`${length} bytes do not fit into VR ${vr}.`, tag)
  else view.setUint16(6, length, little)
  return header
}

/** Header of an item or delimiter. */
export function itemHeader(tag: string, length: number, isBigEndian: boolean): Uint8Array {
  return elementHeader(tag, 'UN', length, { isImplicit: true, isBigEndian })
}

const ascii = createTextEncoder([])

/** The elements between two tags (`from` included, `to` not), in ascending order, as pieces of bytes. */
export function writeElements(
  dataset: Dataset,
  layout: Layout,
  range: { from?: string; to?: string } = {},
  inherited: EncodeText = ascii,
): Uint8Array[] {
  const terms = getStrings(dataset, tags.specificCharacterSet)
  const encode = terms.length > 0 ? createTextEncoder(terms) : inherited
  const pieces: Uint8Array[] = []
  const { from = '', to = 'G' } = range
  for (const tag of Object.keys(dataset).sort()) {
    if (tag >= from && tag < to) writeElement(pieces, tag, dataset[tag] as Element, layout, encode)
  }
  return pieces
}

function writeElement(pieces: Uint8Array[], tag: string, element: Element, layout: Layout, encode: EncodeText): void {
  if (element.vr === 'SQ') {
    writeSequence(pieces, tag, (element.Value ?? []) as Dataset[], layout, encode)
    return
  }
  const given = element.BulkDataURI === undefined ? undefined : layout.bulk?.(element.BulkDataURI, element)
  const value = given ?? writeValue(element, tag, layout.isBigEndian, encode)
  pieces.push(elementHeader(tag, element.vr, value.length, layout), value)
}

function writeSequence(pieces: Uint8Array[], tag: string, items: Dataset[], layout: Layout, encode: EncodeText): void {
  const { isBigEndian } = layout
  const isOpen = layout.lengths === 'undefined'
  const content: Uint8Array[] = []
  for (const item of items) {
    const elements = writeElements(item, layout, {}, encode)
    content.push(itemHeader(tags.item, isOpen ? undefinedLength : byteLength(elements), isBigEndian))
    for (const piece of elements) content.push(piece)
    if (isOpen) content.push(itemHeader(tags.itemDelimitation, 0, isBigEndian))
  }
  pieces.push(elementHeader(tag, 'SQ', isOpen ? undefinedLength : byteLength(content), layout))
  for (const piece of content) pieces.push(piece)
  if (isOpen) pieces.push(itemHeader(tags.sequenceDelimitation, 0, isBigEndian))
}

export const byteLength = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0)
