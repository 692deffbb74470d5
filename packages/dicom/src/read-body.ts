import { getStrings } from './dataset.ts'
import { tags } from './dictionary/index.ts'
import { implicitVr, undefinedLength, type ElementHead } from './element-head.ts'
import { openFragments } from './fragments.ts'
import { DicomReadError } from './limits.ts'
import type { Context, ReadState } from './read-state.ts'
import { readValue } from './read-value.ts'
import type { Dataset, Element } from './types.ts'
import { vrForm } from './vr-forms.ts'

const pixelTags: readonly string[] = [tags.pixelData, tags.floatPixelData, tags.doubleFloatPixelData]

/**
 * Reads the value behind a head, passes over it, or opens what it consists of; false when more bytes are needed.
 * `readUnknownSequence` reads the value of UN as a sequence when it is one.
 */
export function readBody(
  state: ReadState,
  context: Context,
  head: ElementHead,
  readUnknownSequence: (context: Context, value: Uint8Array) => Element | undefined,
): boolean {
  const { input, limits } = state
  const { length, headerLength, form } = head
  const { tag } = head.entry
  const start = input.position
  const isPixels = state.contexts.length === 1 && head.entry.group === 0x7fe0 && pixelTags.includes(tag)
  if (length === undefinedLength || form.kind === 'sequence') {
    const isFragments = length === undefinedLength && (isPixels || form.vr === 'OB' || form.vr === 'OW')
    if (isFragments) openFragments(state, context, head, isPixels)
    else openSequence(state, context, head)
    return true
  }
  if (isPixels && state.pixels === undefined) {
    state.pixels = { tag, vr: form.vr, offset: start + headerLength, length }
    return leaveInFile(state, context, head)
  }

  const isTable =
    state.contexts.length === 1 && (tag === tags.extendedOffsetTable || tag === tags.extendedOffsetTableLengths)
  const isKeptTable = isTable && length <= limits.maxFragments * 8
  const limit = form.kind === 'binary' && form.vr !== 'UN' ? limits.maxInlineLength : limits.maxValueLength
  if (length > limit && !isKeptTable) return leaveInFile(state, context, head)
  if (input.available < headerLength + length) return false

  const at = input.start + headerLength
  if (isKeptTable && tag === tags.extendedOffsetTable)
    state.extendedTable ??= new Uint8Array(input.bytes.subarray(at, at + length))
  let element: Element | undefined
  let valueForm = form
  if (form.vr === 'UN') {
    element = readUnknownSequence(context, input.bytes.subarray(at, at + length))
    // UN of a tag that has a VR is read as that (PS3.5 6.2.2, note); whole values only, so that nothing is lost.
    const known = vrForm(
      element || head.isImplicit ? 'UN' : implicitVr(head.entry, length, context.dataset, state.dataset),
    )
    if (known.kind !== 'binary' && known.kind !== 'sequence' && length % known.unit === 0) valueForm = known
  }
  if (!element && valueForm.kind === 'binary' && length > limits.maxInlineLength)
    return leaveInFile(state, context, head)
  checkEnd(state, context, head)
  const isBigEndian = context.isBigEndian && form.vr !== 'UN'
  element ??= readValue(input.bytes, at, at + length, valueForm, isBigEndian, context.text)
  state.count(tag, start)
  state.keep(length, element, tag, start)
  if (valueForm.kind === 'numbers' && length % valueForm.unit !== 0) {
    state.warn('bad-length', `${length} bytes are no whole values of VR ${form.vr}.`, tag, start)
  }
  const isStored = state.store(context, tag, element, start)
  if (isStored && tag === tags.specificCharacterSet) context.text = state.textDecoder(getStrings(context.dataset, tag))
  input.advance(headerLength + length)
  return true
}

function checkEnd(state: ReadState, context: Context, { entry, headerLength, length }: ElementHead): void {
  const start = state.input.position
  if (start + headerLength + length > context.end)
    state.badLength(`A value of ${length} bytes reaches beyond its item.`, entry.tag, start)
}

/** The value is passed over; the data set says where it lies. */
function leaveInFile(state: ReadState, context: Context, head: ElementHead): boolean {
  const { tag } = head.entry
  const start = state.input.position
  checkEnd(state, context, head)
  state.count(tag, start)
  if (state.options.onlyGroup !== undefined) {
    throw new DicomReadError('header-too-long', 'A value of the file meta information is too long.', tag, start)
  }
  // Values inside UN are little endian whatever the file is: their readers must not turn them.
  const vr = context.isBigEndian === state.options.isBigEndian ? head.form.vr : 'UN'
  state.storeBulk(context, tag, vr, { offset: start + head.headerLength, length: head.length }, start)
  state.input.advance(head.headerLength)
  state.skip = head.length
  state.skipTag = tag
  return true
}

function openSequence(state: ReadState, context: Context, head: ElementHead): void {
  const { tag } = head.entry
  const { vr, kind } = head.form
  const start = state.input.position
  const { maxDepth } = state.limits
  state.count(tag, start)
  if (state.contexts.length + (state.options.within?.depth ?? 0) > maxDepth * 2) {
    throw new DicomReadError('too-deep', `Sequences are nested deeper than ${maxDepth}.`, tag, start)
  }
  if (kind !== 'sequence' && vr !== 'UN')
    state.badLength(`The VR ${vr} has no undefined length; read as a sequence.`, tag, start)
  const items: Dataset[] = []
  const isStored = state.store(context, tag, { vr: 'SQ', Value: items }, start)
  state.input.advance(head.headerLength)
  const isUnknown = vr === 'UN'
  state.contexts.push({
    ...context,
    kind: 'sequence',
    end: head.length === undefinedLength ? Infinity : start + head.headerLength + head.length,
    items,
    tag,
    // PS3.5 6.2.2: UN of undefined length is a sequence in implicit little endian.
    isImplicit: isUnknown || head.isImplicit,
    isBigEndian: context.isBigEndian && !isUnknown,
    isUnknown,
    isDropped: context.isDropped || !isStored,
  })
}
