import { createTextDecoder, type TextDecoder } from './charset.ts'
import { lookup, tags, vrOf } from './dictionary/index.ts'
import { getNumber, getStrings, privateCreatorOf } from './dataset.ts'
import { DicomReadError } from './limits.ts'
import { FragmentList, type PixelElement } from './pixel-data.ts'
import { isBinary, knownVrs, longVrs, readValue } from './read-value.ts'
import type { BulkElement, Dataset, Element, ReadLimits, ReadWarning, Vr } from './types.ts'

const undefinedLength = 0xffffffff
const maxWarnings = 100

/** What is open at the moment: the data set, an item, a sequence, or the fragments of pixel data. */
interface Context {
  kind: 'dataset' | 'sequence' | 'fragments'
  /** Absolute end in bytes; Infinity while the length is undefined. */
  end: number
  dataset: Dataset
  items: Dataset[]
  tag: string
  path: string
  isImplicit: boolean
  text: TextDecoder
}

/** Bytes not yet read. `take` hands out a view that is valid until the next `push`. */
export interface Input {
  readonly available: number
  /** Absolute offset of the next byte. */
  readonly position: number
  view(length: number): Uint8Array
  advance(length: number): void
}

export interface ParserOptions {
  isImplicit: boolean
  isBigEndian: boolean
  limits: ReadLimits
  /** Stops at the first element of another group and leaves it unread: file meta information. */
  onlyGroup?: string
  depth?: number
}

/** Reads a data set from an Input that grows: call `run` after every push. Keeps values, never pixel bytes. */
export class ElementParser {
  readonly dataset: Dataset = {}
  readonly bulk: BulkElement[] = []
  readonly warnings: ReadWarning[] = []
  pixels: PixelElement | undefined
  extendedTable: Uint8Array | undefined
  /** The group asked for has ended, or only padding or rubbish follows. */
  isDone = false

  readonly #input: Input
  readonly #options: ParserOptions
  readonly #contexts: Context[]
  #elements = 0
  #keptBytes = 0
  #skip = 0
  #skipTag = ''
  #lastTag = ''
  #basicTableLength: number | undefined

  constructor(input: Input, options: ParserOptions) {
    this.#input = input
    this.#options = options
    const root: Context = {
      kind: 'dataset', end: Infinity, dataset: this.dataset, items: [], tag: '', path: '', isImplicit: options.isImplicit, text: createTextDecoder([]),
    }
    this.#contexts = [root]
  }

  warn(warning: ReadWarning): void {
    if (this.warnings.length < maxWarnings) this.warnings.push(warning)
  }

  /** Reads as far as the bytes at hand allow. */
  run(): void {
    while (!this.isDone && this.#step());
    if (this.isDone) this.#input.advance(this.#options.onlyGroup === undefined ? this.#input.available : 0)
  }

  /** No byte follows: closes what may end here, refuses what was cut off. */
  finish(): void {
    if (this.isDone) return
    const { available, position } = this.#input
    const top = this.#top()
    if (this.#skip > 0) throw new DicomReadError('truncated', `The file ends ${this.#skip} bytes before the end of a value.`, this.#skipTag, position)
    if (available > 0) {
      if (this.#contexts.length === 1 && (this.pixels !== undefined || this.#isZeroRest())) {
        this.warn({ code: 'trailing-bytes', offset: position, message: `${available} bytes after the last element were not read.` })
        return
      }
      throw new DicomReadError('truncated', 'The file ends inside an element.', top.tag || undefined, position)
    }
    if (this.#contexts.length === 1) return
    const isOnlyPixels = top.kind === 'fragments' && this.#contexts.length === 2 && (top.end === Infinity || top.end <= position)
    const isOpenEnded = this.#contexts.slice(1).every((context) => context.end === Infinity || context.end <= position)
    if (!isOpenEnded) throw new DicomReadError('truncated', 'The file ends inside a sequence.', top.tag, position)
    this.warn({ code: 'missing-delimiter', tag: top.tag, offset: position, message: 'The file ends without a sequence delimiter.' })
    if (isOnlyPixels) this.#closeFragments()
  }

  #isZeroRest(): boolean {
    return this.#input.available < 8 && this.#input.view(this.#input.available).every((byte) => byte === 0)
  }

  #top(): Context {
    return this.#contexts.at(-1) as Context
  }

  /** One element, item or delimiter; false when more bytes are needed. */
  #step(): boolean {
    const input = this.#input
    if (this.#skip > 0) {
      const length = Math.min(this.#skip, input.available)
      input.advance(length)
      this.#skip -= length
      return this.#skip === 0
    }
    const top = this.#top()
    if (input.position >= top.end) {
      if (input.position > top.end) {
        this.warn({ code: 'bad-length', tag: top.tag, offset: input.position, message: 'An element reaches beyond the end of its sequence or item.' })
      }
      this.#close()
      return true
    }
    if (top.kind === 'dataset') return this.#readElement(top)
    return top.kind === 'sequence' ? this.#readItem(top) : this.#readFragment(top)
  }

  #close(): void {
    const closed = this.#contexts.pop()
    if (closed?.kind === 'fragments') this.#closeFragments()
  }

  #closeFragments(): void {
    if (this.pixels?.fragments) this.pixels.length = this.#input.position - this.pixels.offset
  }

  #readElement(context: Context): boolean {
    const input = this.#input
    if (input.available < 8) return false
    const isMeta = this.#options.onlyGroup !== undefined
    const little = isMeta || !this.#options.isBigEndian
    const head = input.view(8)
    const view = new DataView(head.buffer, head.byteOffset, 8)
    const group = view.getUint16(0, little)
    const tag = hex4(group) + hex4(view.getUint16(2, little))
    const start = input.position
    if (isMeta && tag.slice(0, 4) !== this.#options.onlyGroup) {
      this.isDone = true
      return false
    }
    if (group === 0xfffe) return this.#readDelimiter(context, tag, view.getUint32(4, little), start)
    const isRoot = this.#contexts.length === 1
    if (isRoot && (tag === tags.dataSetTrailingPadding || (this.pixels !== undefined && !this.#isPlausible(tag, head, context)))) {
      if (tag !== tags.dataSetTrailingPadding) {
        this.warn({ code: 'trailing-bytes', offset: start, message: 'Bytes after the pixel data are no DICOM elements and were not read.' })
      }
      this.isDone = true
      return false
    }

    let headerLength = 8
    let length: number
    let vr: Vr
    let isImplicit = context.isImplicit
    if (!isImplicit) {
      const letters = String.fromCharCode(head[4] as number, head[5] as number)
      const isKnown = knownVrs.has(letters)
      if (!isKnown && !/^[A-Z]{2}$/.test(letters)) {
        // Some writers slip an element without VR into an explicit data set.
        isImplicit = true
        this.warn({ code: 'missing-vr', tag, offset: start, message: 'The element has no VR.' })
      } else if (!isKnown) {
        this.warn({ code: 'unknown-vr', tag, offset: start, message: `The VR '${letters}' is not known.` })
      }
      const isLong = isKnown ? longVrs.has(letters) : head[6] === 0 && head[7] === 0
      if (!isImplicit && isLong) {
        if (input.available < 12) return false
        const long = input.view(12)
        length = new DataView(long.buffer, long.byteOffset, 12).getUint32(8, little)
        headerLength = 12
      } else {
        length = isImplicit ? view.getUint32(4, little) : view.getUint16(6, little)
      }
      vr = isKnown ? (letters as Vr) : isImplicit ? this.#implicitVr(tag, length, context) : (vrOf(tag) ?? 'UN')
    } else {
      length = view.getUint32(4, little)
      vr = this.#implicitVr(tag, length, context)
    }
    return this.#readBody(context, { tag, vr, length, headerLength, start, isImplicit })
  }

  /** After the pixel data rubbish is common: only what looks like an element is read on. */
  #isPlausible(tag: string, head: Uint8Array, context: Context): boolean {
    if (tag === tags.dataSetTrailingPadding) return true
    if (!context.isImplicit && !knownVrs.has(String.fromCharCode(head[4] as number, head[5] as number))) return false
    return lookup(tag) !== undefined || (tag > tags.pixelData && tag < 'FFFC')
  }

  #implicitVr(tag: string, length: number, context: Context): Vr {
    if (tag === tags.pixelData) return 'OW'
    const vr = vrOf(tag, Number.parseInt(tag.charAt(3), 16) % 2 === 1 ? privateCreatorOf(context.dataset, tag) : undefined)
    if (vr === undefined) return length === undefinedLength ? 'SQ' : 'UN'
    // The first of 'US or SS' is right unless samples are signed; of 'OB or OW' words are meant in implicit VR.
    if (vr === 'US' && lookup(tag)?.vrs.includes('SS') && getNumber(this.dataset, tags.pixelRepresentation) === 1) return 'SS'
    return vr === 'OB' && lookup(tag)?.vrs.includes('OW') ? 'OW' : vr
  }

  #readDelimiter(context: Context, tag: string, length: number, start: number): boolean {
    if (tag === tags.itemDelimitation && this.#contexts.length > 1) {
      this.#input.advance(8)
      this.#contexts.pop()
      return true
    }
    if (tag === tags.sequenceDelimitation && this.#contexts.length > 1) {
      // The item's own delimiter is missing: the sequence's closes both.
      this.warn({ code: 'missing-delimiter', tag: context.tag, offset: start, message: 'An item ends without its delimiter.' })
      this.#contexts.pop()
      return true
    }
    if (this.pixels !== undefined || (length === 0 && tag !== tags.item)) {
      this.warn({ code: 'stray-delimiter', tag, offset: start, message: 'A delimiter stands where no sequence is open.' })
      this.#input.advance(8)
      return true
    }
    throw new DicomReadError('bad-item', 'An item stands where no sequence is open.', tag, start)
  }

  #readBody(context: Context, head: { tag: string; vr: Vr; length: number; headerLength: number; start: number; isImplicit: boolean }): boolean {
    const { tag, headerLength, start } = head
    let { vr, length } = head
    const { limits } = this.#options
    const isRoot = this.#contexts.length === 1
    const valueStart = start + headerLength
    if (length !== undefinedLength && valueStart + length > context.end) {
      throw new DicomReadError('bad-length', `A value of ${length} bytes reaches beyond its item.`, tag, start)
    }

    const isPixels = isRoot && (tag === tags.pixelData || tag === tags.floatPixelData || tag === tags.doubleFloatPixelData)
    if (length === undefinedLength && vr !== 'SQ') {
      if (isPixels || vr === 'OB' || vr === 'OW') return this.#openFragments(context, head, isPixels)
      // PS3.5 6.2.2: UN of undefined length is a sequence in implicit little endian.
      if (vr !== 'UN') this.warn({ code: 'bad-length', tag, offset: start, message: `The VR ${vr} has no undefined length; read as a sequence.` })
    }
    if (vr === 'SQ' || length === undefinedLength) {
      this.#count(tag, start)
      this.#input.advance(headerLength)
      this.#openSequence(context, tag, length, head.isImplicit || vr === 'UN')
      return true
    }
    if (isPixels && this.pixels === undefined) {
      this.#count(tag, start)
      this.pixels = { tag, vr, offset: valueStart, length }
      this.#set(context, tag, { vr, BulkDataURI: `bulkdata/${tag}` }, start)
      this.bulk.push({ path: tag, vr, offset: valueStart, length })
      this.#input.advance(headerLength)
      this.#skip = length
      this.#skipTag = tag
      return true
    }

    const keepsWhole = isRoot && (tag === tags.extendedOffsetTable || tag === tags.extendedOffsetTableLengths) && length <= limits.maxFragments * 8
    const isUnknownSequence = vr === 'UN' && length >= 8 && length <= limits.maxValueLength
    const limit = isBinary(vr) && !isUnknownSequence ? limits.maxInlineLength : limits.maxValueLength
    if (length > limit && !keepsWhole) {
      this.#count(tag, start)
      this.#addBulk(context, tag, vr, valueStart, length, start)
      this.#input.advance(headerLength)
      this.#skip = length
      this.#skipTag = tag
      return true
    }
    if (this.#input.available < headerLength + length) return false
    this.#count(tag, start)
    this.#input.advance(headerLength)
    const bytes = this.#input.view(length)
    this.#keptBytes += length
    if (this.#keptBytes > limits.maxHeaderLength) {
      throw new DicomReadError('header-too-long', `The attributes take more than ${limits.maxHeaderLength} bytes.`, tag, start)
    }
    if (keepsWhole) {
      if (tag === tags.extendedOffsetTable) this.extendedTable = bytes.slice()
      if (length > limits.maxInlineLength) {
        this.#addBulk(context, tag, vr, valueStart, length, start)
        this.#input.advance(length)
        return true
      }
    }
    if (vr === 'UN') {
      const items = this.#readUnknownSequence(context, bytes)
      if (items) {
        this.#set(context, tag, { vr: 'SQ', Value: items }, start)
        this.#input.advance(length)
        return true
      }
      const known = head.isImplicit ? undefined : vrOf(tag, privateCreatorOf(context.dataset, tag))
      if (known !== undefined && known !== 'SQ' && !isBinary(known)) vr = known
      else if (length > limits.maxInlineLength) {
        this.#addBulk(context, tag, vr, valueStart, length, start)
        this.#input.advance(length)
        return true
      }
    }
    const isBigEndian = this.#options.isBigEndian && this.#options.onlyGroup === undefined && head.vr !== 'UN'
    const { element, isRagged } = readValue(bytes, vr, isBigEndian, context.text)
    if (isRagged) this.warn({ code: 'bad-length', tag, offset: start, message: `${length} bytes are no whole values of VR ${vr}.` })
    this.#set(context, tag, element, start)
    if (tag === tags.specificCharacterSet) context.text = createTextDecoder(getStrings(context.dataset, tag))
    this.#input.advance(length)
    return true
  }

  #count(tag: string, offset: number): void {
    this.#elements += 1
    if (this.#elements > this.#options.limits.maxElements) {
      throw new DicomReadError('too-many-elements', `More than ${this.#options.limits.maxElements} elements.`, tag, offset)
    }
  }

  #set(context: Context, tag: string, element: Element, offset: number): void {
    if (this.#contexts.length === 1 && tag < this.#lastTag) {
      this.warn({ code: 'tag-order', tag, offset, message: 'The element stands out of order.' })
    }
    this.#lastTag = tag
    if (context.dataset[tag] !== undefined) {
      this.warn({ code: 'duplicate-tag', tag, offset, message: 'The element stands twice; the first one counts.' })
      return
    }
    // Group lengths say nothing once the file is read (PS3.5 7.2).
    if (!tag.endsWith('0000') || tag === tags.fileMetaInformationGroupLength) context.dataset[tag] = element
  }

  #addBulk(context: Context, tag: string, vr: Vr, offset: number, length: number, start: number): void {
    const path = context.path === '' ? tag : `${context.path}/${tag}`
    if (context.dataset[tag] === undefined) this.bulk.push({ path, vr, offset, length })
    this.#set(context, tag, { vr, BulkDataURI: `bulkdata/${path}` }, start)
  }

  #openSequence(context: Context, tag: string, length: number, isImplicit: boolean): void {
    const start = this.#input.position
    if (this.#contexts.length + (this.#options.depth ?? 0) > this.#options.limits.maxDepth * 2) {
      throw new DicomReadError('too-deep', `Sequences are nested deeper than ${this.#options.limits.maxDepth}.`, tag, start)
    }
    const items: Dataset[] = []
    this.#set(context, tag, { vr: 'SQ', Value: items }, start)
    this.#contexts.push({
      kind: 'sequence', end: length === undefinedLength ? Infinity : start + length, dataset: context.dataset, items, tag,
      path: context.path === '' ? tag : `${context.path}/${tag}`, isImplicit, text: context.text,
    })
  }

  #readItem(sequence: Context): boolean {
    const input = this.#input
    if (input.available < 8) return false
    const head = input.view(8)
    // Sequences inside UN are little endian whatever surrounds them.
    const little = !this.#options.isBigEndian
    const view = new DataView(head.buffer, head.byteOffset, 8)
    const tag = hex4(view.getUint16(0, little)) + hex4(view.getUint16(2, little))
    const length = view.getUint32(4, little)
    const start = input.position
    if (tag === tags.sequenceDelimitation) {
      input.advance(8)
      this.#contexts.pop()
      return true
    }
    if (tag !== tags.item) throw new DicomReadError('bad-item', `An item was expected, (${tag.slice(0, 4)},${tag.slice(4)}) was found.`, sequence.tag, start)
    if (length !== undefinedLength && start + 8 + length > sequence.end) {
      throw new DicomReadError('bad-length', 'An item reaches beyond its sequence.', sequence.tag, start)
    }
    this.#count(tag, start)
    input.advance(8)
    const dataset: Dataset = {}
    sequence.items.push(dataset)
    this.#contexts.push({
      kind: 'dataset', end: length === undefinedLength ? Infinity : start + 8 + length, dataset, items: [], tag: sequence.tag,
      path: `${sequence.path}/${sequence.items.length - 1}`, isImplicit: sequence.isImplicit, text: sequence.text,
    })
    return true
  }

  #openFragments(context: Context, head: { tag: string; vr: Vr; headerLength: number; start: number }, isPixels: boolean): boolean {
    const { tag, vr, headerLength, start } = head
    this.#count(tag, start)
    this.#input.advance(headerLength)
    const path = context.path === '' ? tag : `${context.path}/${tag}`
    this.#set(context, tag, { vr, BulkDataURI: `bulkdata/${path}` }, start)
    if (isPixels && this.pixels === undefined) {
      this.pixels = { tag, vr, offset: start + headerLength, length: 0, fragments: new FragmentList(this.#options.limits.maxFragments) }
    } else {
      this.warn({ code: 'nested-fragments', tag, offset: start, message: 'Encapsulated data outside the pixel data is kept in the file only.' })
    }
    this.#basicTableLength = undefined
    this.#contexts.push({ ...context, kind: 'fragments', end: Infinity, tag, path })
    return true
  }

  #readFragment(context: Context): boolean {
    const input = this.#input
    if (input.available < 8) return false
    const head = input.view(8)
    const view = new DataView(head.buffer, head.byteOffset, 8)
    const group = view.getUint32(0, true)
    const length = view.getUint32(4, true)
    const start = input.position
    if (group === 0xe0ddfffe) {
      input.advance(8)
      this.#close()
      return true
    }
    if (group !== 0xe000fffe || length === undefinedLength) {
      throw new DicomReadError('bad-item', 'A fragment was expected in encapsulated pixel data.', context.tag, start)
    }
    const list = this.#contexts.length === 2 && this.pixels?.tag === context.tag ? this.pixels.fragments : undefined
    if (list && this.#basicTableLength === undefined) {
      // The first item is the Basic Offset Table, possibly empty.
      const isKept = length <= this.#options.limits.maxFragments * 4
      if (isKept && input.available < 8 + length) return false
      input.advance(8)
      this.#basicTableLength = length
      if (isKept && this.pixels) {
        this.pixels.basicTable = input.view(length).slice()
        input.advance(length)
      } else {
        this.#skip = length
        this.#skipTag = context.tag
      }
      return true
    }
    const peek = Math.min(4, length)
    if (input.available < 8 + peek) return false
    const firstBytes = input.view(8 + peek).subarray(8)
    list?.add(start + 8, length, firstBytes)
    if (!list) this.#count(context.tag, start)
    input.advance(8)
    this.#skip = length
    this.#skipTag = context.tag
    return true
  }

  /** UN that holds items is a sequence in implicit little endian; undefined when it does not read as one. */
  #readUnknownSequence(context: Context, bytes: Uint8Array): Dataset[] | undefined {
    if (bytes.length < 8 || bytes[0] !== 0xfe || bytes[1] !== 0xff || bytes[2] !== 0x00 || bytes[3] !== 0xe0) return undefined
    const depth = (this.#options.depth ?? 0) + this.#contexts.length
    if (depth > this.#options.limits.maxDepth) return undefined
    const parser = new ElementParser(fixedInput(bytes), { isImplicit: true, isBigEndian: false, limits: this.#options.limits, depth })
    try {
      parser.#openSequence(parser.#top(), '00000001', bytes.length, true)
      parser.#top().text = context.text
      parser.run()
      parser.finish()
    } catch (error) {
      if (error instanceof DicomReadError) return undefined
      throw error
    }
    // A value inside that would have to stay in the file has no path of its own here.
    if (parser.bulk.length > 0 || parser.#contexts.length > 1) return undefined
    this.#elements += parser.#elements
    return (parser.dataset['00000001']?.Value ?? []) as Dataset[]
  }
}

function fixedInput(bytes: Uint8Array): Input {
  let at = 0
  return {
    get available() {
      return bytes.length - at
    },
    get position() {
      return at
    },
    view: (length) => bytes.subarray(at, at + length),
    advance(length) {
      at += length
    },
  }
}

const hexDigits = Array.from({ length: 256 }, (_, value) => value.toString(16).toUpperCase().padStart(2, '0'))
const hex4 = (value: number): string => (hexDigits[value >> 8] as string) + (hexDigits[value & 0xff] as string)
