import type { ByteInput } from './byte-input.ts'
import { getNumber, privateCreatorOf } from './dataset.ts'
import { tags, vrOf } from './dictionary/index.ts'
import { readUint16, readUint32 } from './integers.ts'
import type { Context, RootElement } from './read-state.ts'
import type { TagEntry } from './tag-entry.ts'
import type { Dataset, Vr } from './types.ts'
import { vrForm, vrFormAt, type VrForm } from './vr-forms.ts'

export const undefinedLength = 0xffffffff

/** Tag, VR and length of one element; one object is filled again and again. */
export interface ElementHead {
  entry: TagEntry
  form: VrForm
  /** Value bytes, or undefinedLength. */
  length: number
  /** Bytes before the value: 8 or 12. */
  headerLength: number
  /** No VR stood here, though it may in other elements of the data set. */
  isImplicit: boolean
  fault: 'missing-vr' | 'unknown-vr' | undefined
}

/** Reads VR and length (PS3.5 7.1) behind a tag; false when more bytes are needed. */
export function readHead(head: ElementHead, input: ByteInput, context: Context, root: Dataset): boolean {
  const { bytes, start, available } = input
  const { isBigEndian } = context
  const { entry } = head
  head.fault = undefined
  head.headerLength = 8
  head.isImplicit = context.isImplicit
  if (!context.isImplicit) {
    const form = vrFormAt(bytes, start + 4)
    if (form !== undefined) {
      head.form = form
      if (!form.isLong) {
        head.length = readUint16(bytes, start + 6, isBigEndian)
        return true
      }
      if (available < 12) return false
      head.headerLength = 12
      head.length = readUint32(bytes, start + 8, isBigEndian)
      return true
    }
    if (hasLetters(bytes, start + 4)) {
      head.fault = 'unknown-vr'
      head.form = vrForm(implicitVr(entry, 0, context.dataset, root))
      // A VR of later editions has a long header (PS3.5 6.2); one that stands for a known short VR has its header.
      const isLong = bytes[start + 6] === 0 && bytes[start + 7] === 0 && (head.form.vr === 'UN' || head.form.isLong)
      if (isLong && available < 12) return false
      head.headerLength = isLong ? 12 : 8
      head.length = isLong ? readUint32(bytes, start + 8, isBigEndian) : readUint16(bytes, start + 6, isBigEndian)
      return true
    }
    // Some writers slip an element without VR into an explicit data set.
    head.fault = 'missing-vr'
    head.isImplicit = true
  }
  head.length = readUint32(bytes, start + 4, isBigEndian)
  head.form = vrForm(implicitVr(entry, head.length, context.dataset, root))
  return true
}

/** An element that was read, for who is told of its place; `readTo` is where reading goes on. */
export function placedElement(
  { entry, form, headerLength, length }: ElementHead,
  { isImplicit }: Context,
  { bytes, start, position: offset }: { bytes: Uint8Array; start: number; position: number },
  readTo: number,
): RootElement {
  const from = start + headerLength
  const isKept = length !== undefinedLength && readTo === offset + headerLength + length
  const value = isKept ? bytes.subarray(from, from + length) : undefined
  return { tag: entry.tag, vr: form.vr, offset, headerLength, length, isImplicit, value }
}

/** Two signs such as a VR or its placeholder is written with: 'ZZ', '??', two spaces, or NULs before a short length. */
function hasLetters(bytes: Uint8Array, at: number): boolean {
  const isLetter = (byte: number | undefined): boolean =>
    byte === 0x20 || byte === 0x3f || (byte !== undefined && byte >= 0x41 && byte <= 0x5a)
  if (isLetter(bytes[at]) && isLetter(bytes[at + 1])) return true
  return bytes[at] === 0 && bytes[at + 1] === 0 && (bytes[at + 2] !== 0 || bytes[at + 3] !== 0)
}

/** VR of an element that has none: of the dictionary, the private creator, or the attributes before it. */
export function implicitVr(entry: TagEntry, length: number, dataset: Dataset, root: Dataset): Vr {
  // Fragments are bytes, native pixel data words (PS3.5 A.1, A.4).
  if (entry.tag === tags.pixelData) return length === undefinedLength ? 'OB' : 'OW'
  const vr = entry.vr ?? (entry.isPrivate ? vrOf(entry.tag, privateCreatorOf(dataset, entry.tag)) : undefined)
  if (vr === undefined) return length === undefinedLength ? 'SQ' : 'UN'
  if (entry.choices === undefined) return vr
  if (entry.choices.includes('SS')) {
    const representation = getNumber(dataset, tags.pixelRepresentation) ?? getNumber(root, tags.pixelRepresentation)
    return representation === 1 ? 'SS' : 'US'
  }
  // Of 'OB or OW' words are meant in implicit syntaxes (PS3.5 A.1).
  return entry.choices.includes('OW') ? 'OW' : vr
}

/** Do two letters stand where an explicit VR would, and are they the right ones? */
export function looksExplicit(bytes: Uint8Array, start: number, entry: TagEntry): boolean {
  const form = vrFormAt(bytes, start + 4)
  if (form === undefined) return false
  return (
    entry.vr === undefined || entry.vr === form.vr || form.vr === 'UN' || (entry.choices?.includes(form.vr) ?? false)
  )
}
