import { ByteInput } from './byte-input.ts'
import { tags } from './dictionary/index.ts'
import { looksExplicit, placedElement, readHead, undefinedLength, type ElementHead } from './element-head.ts'
import { readUint16, readUint32 } from './integers.ts'
import { closeFragments, readFragment } from './fragments.ts'
import { DicomReadError } from './limits.ts'
import { readBody } from './read-body.ts'
import { ReadState, type Context, type ParserOptions } from './read-state.ts'
import { tagEntry, type TagEntry } from './tag-entry.ts'
import type { Dataset, Element } from './types.ts'
import { vrForm } from './vr-forms.ts'

const noEntry: TagEntry = tagEntry(0, 0)

/** Reads a data set from an input that grows: call `run` after every push. Keeps values, never pixel bytes. */
export class ElementParser {
  readonly state: ReadState
  /** The group asked for has ended, or only padding or rubbish follows. */
  isDone = false
  /** The file ended where fragments were expected. */
  isUnclosed = false

  readonly #input: ByteInput
  readonly #options: ParserOptions
  readonly #contexts: Context[]
  readonly #head: ElementHead = {
    entry: noEntry,
    form: vrForm('UN'),
    length: 0,
    headerLength: 8,
    isImplicit: false,
    fault: undefined,
  }
  #mayHoldZerosOnly = false

  constructor(input: ByteInput, options: ParserOptions) {
    this.#input = input
    this.#options = options
    this.state = new ReadState(input, options)
    this.#contexts = this.state.contexts
  }

  /** Reads as far as the bytes at hand allow. */
  run(): void {
    while (!this.isDone && this.#step());
    if (!this.isDone || this.#options.onlyGroup !== undefined) return
    const rest = this.#input.view(this.#input.available)
    const other = this.#mayHoldZerosOnly ? rest.findIndex((byte) => byte !== 0) : -1
    if (other >= 0)
      throw new DicomReadError('bad-element', 'The bytes are no element.', undefined, this.#input.position + other)
    this.#input.advance(rest.length)
  }

  /** No byte follows: closes what may end here, refuses what was cut off. */
  finish(): void {
    if (this.isDone) return
    const { state } = this
    const { available, position } = this.#input
    const top = this.#top()
    const isRoot = this.#contexts.length === 1
    if (state.skip > 0)
      throw new DicomReadError(
        'truncated',
        `The file ends ${state.skip} bytes before the end of a value.`,
        state.skipTag,
        position,
      )
    if (available > 0) {
      if (!isRoot || !(state.pixels !== undefined || this.#isPaddingRest())) {
        throw new DicomReadError('truncated', 'The file ends inside an element.', top.tag || undefined, position)
      }
      this.#warnTrailing(position)
      return
    }
    if (isRoot) return
    if (top.kind !== 'fragments' || this.#contexts.length > 2) {
      throw new DicomReadError('truncated', 'The file ends inside a sequence.', top.tag, position)
    }
    state.warn('missing-delimiter', 'The file ends without a sequence delimiter.', top.tag, position)
    this.isUnclosed = true
    closeFragments(state)
  }

  /** Less than an element: blanks and line ends that some programs add. */
  #isPaddingRest(): boolean {
    const { available } = this.#input
    return (
      available < 8 &&
      this.#input
        .view(available)
        .every((byte) => byte === 0 || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x1a)
    )
  }

  #warnTrailing(offset: number): void {
    this.state.warn(
      'trailing-bytes',
      'Bytes after the last element are no DICOM elements and were not read.',
      undefined,
      offset,
    )
  }

  #top(): Context {
    return this.#contexts[this.#contexts.length - 1] as Context
  }

  /** One element, item or delimiter; false when more bytes are needed. */
  #step(): boolean {
    const { state } = this
    if (state.skip > 0) return state.skipOn()
    const top = this.#top()
    if (this.#input.position >= top.end) {
      if (this.#input.position > top.end)
        this.state.badLength(
          'An element reaches beyond the end of its sequence or item.',
          top.tag,
          this.#input.position,
        )
      this.#contexts.pop()
      return true
    }
    if (top.kind === 'dataset') return this.#readElement(top)
    return top.kind === 'sequence' ? this.#readItem(top) : readFragment(state, top)
  }

  #readElement(context: Context): boolean {
    const input = this.#input
    const { state } = this
    if (input.available < 8) return false
    const { bytes, start, position } = input
    const group = readUint16(bytes, start, context.isBigEndian)
    if (this.#options.onlyGroup !== undefined && group !== this.#options.onlyGroup) {
      this.isDone = true
      return false
    }
    const entry = tagEntry(group, readUint16(bytes, start + 2, context.isBigEndian))
    if (group === 0xfffe)
      return this.#readDelimiter(context, entry.tag, readUint32(bytes, start + 4, context.isBigEndian))
    const isRoot = this.#contexts.length === 1
    if (isRoot && this.#endsHere(context, entry)) return false
    if (context.isUnknown) this.#learnSyntax(context, entry)

    const head = this.#head
    head.entry = entry
    state.tag = entry.tag
    if (!readHead(head, input, context, this.state.dataset)) return false
    if (head.fault === 'missing-vr' && !entry.isInDictionary && !entry.isPrivate) {
      throw new DicomReadError('bad-element', 'The bytes are no element: no such tag, no VR.', entry.tag, position)
    }
    const isRead = readBody(state, context, head, this.#readUnknownSequence)
    if (isRead && isRoot)
      this.#options.onElement?.(placedElement(head, context, { bytes, start, position }, input.position))
    if (isRead && head.fault === 'missing-vr') state.warn('missing-vr', 'The element has no VR.', entry.tag, position)
    if (isRead && head.fault === 'unknown-vr')
      state.warn('unknown-vr', "The VR is not known; the dictionary's is taken.", entry.tag, position)
    return isRead
  }

  /** Padding (PS3.10 7.2), zeros, or rubbish after the pixel data. */
  #endsHere(context: Context, entry: TagEntry): boolean {
    const { tag } = entry
    if (tag === tags.dataSetTrailingPadding) {
      this.isDone = true
      this.state.endedAt = this.#input.position
      return true
    }
    const { pixels } = this.state
    const isZero = entry.group === 0 && context.lastTag !== ''
    if (!isZero && (pixels === undefined || this.#isPlausible(context, entry))) return false
    this.#warnTrailing(this.#input.position)
    this.#mayHoldZerosOnly = pixels === undefined
    this.isDone = true
    this.state.endedAt = this.#input.position
    return true
  }

  /** Behind the pixel data only what looks like an element is read on. */
  #isPlausible(context: Context, entry: TagEntry): boolean {
    if (entry.group === 0xfffe) return true
    const isTag = entry.isInDictionary || (entry.isPrivate && entry.tag > tags.pixelData)
    return isTag && (context.isImplicit || looksExplicit(this.#input.bytes, this.#input.start, entry))
  }

  /** At the first element of a data set, or of items in UN, it shows whether VRs are written, whatever was said. */
  #learnSyntax(context: Context, entry: TagEntry): void {
    context.isUnknown = false
    const isExplicit = looksExplicit(this.#input.bytes, this.#input.start, entry)
    const isRoot = this.#contexts.length === 1 && !this.#options.within
    if (context.isImplicit && isExplicit) context.isImplicit = false
    else if (isRoot && !context.isImplicit && !isExplicit && entry.isInDictionary && this.#hasSmallLength(context))
      context.isImplicit = true
    else return
    if (isRoot)
      this.state.warn(
        'wrong-transfer-syntax',
        `The data set is ${context.isImplicit ? 'implicit' : 'explicit'} VR, against its transfer syntax.`,
        tags.transferSyntaxUid,
      )
    else (this.#contexts.at(-2) as Context).isImplicit = context.isImplicit
  }

  #hasSmallLength(context: Context): boolean {
    return readUint32(this.#input.bytes, this.#input.start + 4, context.isBigEndian) < 0x1000
  }

  #readDelimiter(context: Context, tag: string, length: number): boolean {
    const start = this.#input.position
    const isOpen = this.#contexts.length > 1
    if (isOpen && tag === tags.itemDelimitation) {
      this.#input.advance(8)
      this.#contexts.pop()
      return true
    }
    if (isOpen && tag === tags.sequenceDelimitation) {
      // The item's own delimiter is missing: the sequence's closes both.
      this.state.warn('missing-delimiter', 'An item ends without its delimiter.', context.tag, start)
      this.#contexts.pop()
      return true
    }
    if (isOpen || tag === tags.item || length !== 0) {
      if (!isOpen && this.state.pixels !== undefined) {
        this.#warnTrailing(start)
        this.isDone = true
        return false
      }
      throw new DicomReadError('bad-item', 'An item stands where no sequence is open.', tag, start)
    }
    this.state.warn('stray-delimiter', 'A delimiter stands where no sequence is open.', tag, start)
    this.#input.advance(8)
    return true
  }

  #readItem(sequence: Context): boolean {
    const input = this.#input
    const { state } = this
    if (input.available < 8) return false
    const start = input.position
    const { isBigEndian } = sequence
    const { tag } = tagEntry(
      readUint16(input.bytes, input.start, isBigEndian),
      readUint16(input.bytes, input.start + 2, isBigEndian),
    )
    const length = readUint32(input.bytes, input.start + 4, isBigEndian)
    if (tag === tags.sequenceDelimitation) {
      input.advance(8)
      this.#contexts.pop()
      return true
    }
    if (tag === tags.itemDelimitation) {
      state.warn('stray-delimiter', 'A delimiter stands where no item is open.', sequence.tag, start)
      input.advance(8)
      return true
    }
    if (tag !== tags.item)
      throw new DicomReadError(
        'bad-item',
        `An item was expected, (${tag.slice(0, 4)},${tag.slice(4)}) was found.`,
        sequence.tag,
        start,
      )
    state.count(tag, start)
    const end = length === undefinedLength ? Infinity : start + 8 + length
    if (end !== Infinity && end > sequence.end)
      this.state.badLength('An item reaches beyond its sequence.', sequence.tag, start)
    input.advance(8)
    const dataset: Dataset = {}
    sequence.items.push(dataset)
    this.#contexts.push({ ...sequence, kind: 'dataset', end, dataset, items: [], lastTag: '' })
    sequence.isUnknown = false
    return true
  }

  /** Makes the whole input the value of one sequence. */
  #openValue(length: number): Dataset[] {
    const items: Dataset[] = []
    const root = this.#top()
    this.#contexts.push({ ...root, kind: 'sequence', end: length, items, isUnknown: true })
    return items
  }

  /** UN that holds items is a sequence; undefined when it does not read as one to its last byte. */
  readonly #readUnknownSequence = (context: Context, bytes: Uint8Array): Element | undefined => {
    if (bytes.length < 8 || readUint32(bytes, 0, false) !== 0xe000fffe) return undefined
    const depth = (this.#options.within?.depth ?? 0) + this.#contexts.length
    if (depth >= this.#options.limits.maxDepth * 2) return undefined
    const input = new ByteInput()
    input.push(bytes)
    const parser = new ElementParser(input, {
      ...this.#options,
      isImplicit: true,
      isBigEndian: false,
      within: { depth, text: context.text },
    })
    const items = parser.#openValue(bytes.length)
    try {
      parser.run()
      parser.finish()
    } catch (error) {
      if (error instanceof DicomReadError) return undefined
      throw error
    }
    // A value inside that would have to stay in the file has no path of its own here.
    if (parser.state.bulk.length > 0) return undefined
    this.state.absorb(parser.state, this.state.tag, this.#input.position)
    return { vr: 'SQ', Value: items }
  }
}
