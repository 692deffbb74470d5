import { undefinedLength, type ElementHead } from './element-head.ts'
import { readUint32 } from './integers.ts'
import { FragmentList, signatureLength } from './fragment-list.ts'
import { DicomReadError } from './limits.ts'
import type { Context, ReadState } from './read-state.ts'

const itemTag = 0xe000fffe
const sequenceDelimiter = 0xe0ddfffe

/** Goes into encapsulated data (PS3.5 A.4); pixel data of the data set itself gets a list of its fragments. */
export function openFragments(state: ReadState, context: Context, head: ElementHead, isPixels: boolean): void {
  const { input, limits } = state
  const { tag } = head.entry
  const start = input.position
  const { vr } = head.form
  const offset = start + head.headerLength
  state.count(tag, start)
  input.advance(head.headerLength)
  if (isPixels && state.pixels === undefined) {
    state.store(context, tag, { vr, BulkDataURI: `bulkdata/${tag}` }, start)
    state.pixels = { tag, vr, offset, length: 0, fragments: new FragmentList(limits.maxFragments) }
    state.isInPixels = true
  } else {
    state.openBulk = state.storeBulk(context, tag, vr, { offset, length: 0 }, start)
  }
  state.contexts.push({ ...context, kind: 'fragments', end: Infinity, tag })
}

/** One fragment, the offset table, or the delimiter; false when more bytes are needed. */
export function readFragment(state: ReadState, context: Context): boolean {
  const { input, limits, pixels } = state
  if (input.available < 8) return false
  const item = readUint32(input.bytes, input.start, context.isBigEndian)
  const length = readUint32(input.bytes, input.start + 4, context.isBigEndian)
  const start = input.position
  if (item === sequenceDelimiter) {
    closeFragments(state)
    input.advance(8)
    return true
  }
  if (item !== itemTag || length === undefinedLength) {
    throw new DicomReadError('bad-item', 'A fragment was expected in encapsulated pixel data.', context.tag, start)
  }
  const list = state.isInPixels ? pixels?.fragments : undefined
  if (list && pixels && start === pixels.offset) {
    // The first item is the Basic Offset Table, possibly empty.
    const isKept = length <= limits.maxFragments * 4
    if (isKept && input.available < 8 + length) return false
    input.advance(8)
    if (isKept) {
      pixels.basicTable = new Uint8Array(input.view(length))
      input.advance(length)
    } else {
      state.skip = length
      state.skipTag = context.tag
    }
    return true
  }
  const seen = Math.min(signatureLength, length)
  if (input.available < 8 + seen) return false
  if (list) list.add(start + 8, length, input.view(8 + seen).subarray(8))
  else state.count(context.tag, start)
  input.advance(8)
  state.skip = length
  state.skipTag = context.tag
  return true
}

/** Leaves encapsulated data; its value ends before the delimiter, or where the file ends. */
export function closeFragments(state: ReadState): void {
  const { input, pixels, openBulk } = state
  state.contexts.pop()
  if (state.isInPixels && pixels) pixels.length = input.position - pixels.offset
  else if (openBulk) openBulk.length = input.position - openBulk.offset
  state.isInPixels = false
  state.openBulk = undefined
}
