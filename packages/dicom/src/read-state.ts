import type { ByteInput } from './byte-input.ts'
import { createTextDecoder, type TextDecoder } from './charset.ts'
import { tags } from './dictionary/index.ts'
import { DicomReadError } from './limits.ts'
import type { PixelElement } from './fragment-list.ts'
import type { BulkElement, Dataset, Element, ReadLimits, ReadWarning, Vr } from './types.ts'

/** What is open at the moment: the data set or an item, a sequence, or the fragments of encapsulated data. */
export interface Context {
  kind: 'dataset' | 'sequence' | 'fragments'
  /** Absolute end in bytes; Infinity while the length is undefined. */
  end: number
  /** Receives the elements; of a sequence or fragments the data set they stand in. */
  dataset: Dataset
  items: Dataset[]
  /** Of the sequence or fragments, also in their items; '' in the data set itself. */
  tag: string
  isImplicit: boolean
  isBigEndian: boolean
  text: TextDecoder
  lastTag: string
  /** The contents of UN: explicit or implicit shows at its first element only. */
  isUnknown: boolean
  /** Inside an element that stands twice: read, but not kept. */
  isDropped: boolean
}

/** Where an element of the data set itself (of no item) lies. */
export interface RootElement {
  tag: string
  vr: Vr
  /** First byte of its tag, from the start of the file; of the inflated stream where the data set is deflated. */
  offset: number
  /** Bytes before the value. */
  headerLength: number
  /** Bytes of the value; 0xFFFFFFFF while it ends by a delimiter. */
  length: number
  /** How the data set is written; a stray element may be written otherwise. */
  isImplicit: boolean
  /** The value's bytes, where they were kept; valid only until the call returns. */
  value: Uint8Array | undefined
}

export interface ParserOptions {
  isImplicit: boolean
  isBigEndian: boolean
  limits: ReadLimits
  /** Stops at the first element of another group and leaves it unread: file meta information. */
  onlyGroup?: number
  /** Told of each element of the data set itself. */
  onElement?: ((element: RootElement) => void) | undefined
  /** Set for a value taken for a sequence: how deep it lies, and what it inherits. Any fault is then an error. */
  within?: { depth: number; text: TextDecoder }
}

const maxWarnings = 100
/** What a value and an element cost in memory beside their bytes, roughly. */
const bytesPerValue = 16
const bytesPerName = 112
const bytesPerElement = 64

/** What has been found so far, and the limits on it; shared by all that read one data set. */
export class ReadState {
  readonly input: ByteInput
  readonly options: ParserOptions
  readonly limits: ReadLimits
  readonly dataset: Dataset = {}
  /** Innermost last; the first one is the data set itself. */
  readonly contexts: Context[]
  readonly bulk: BulkElement[] = []
  readonly warnings: ReadWarning[] = []
  pixels: PixelElement | undefined
  extendedTable: Uint8Array | undefined
  /** The fragments that are read belong to `pixels`. */
  isInPixels = false
  /** Encapsulated data outside the pixel data: its length shows at its end. */
  openBulk: BulkElement | undefined
  /** Being read. */
  tag = ''
  /** Value bytes still to be passed over, and whose they are. */
  skip = 0
  skipTag = ''
  /** Where the data set ended before the input did: padding or rubbish follows. */
  endedAt: number | undefined
  elements = 0
  #keptBytes = 0

  constructor(input: ByteInput, options: ParserOptions) {
    this.input = input
    this.options = options
    this.limits = options.limits
    const root: Context = {
      kind: 'dataset',
      end: Infinity,
      dataset: this.dataset,
      items: [],
      tag: '',
      isImplicit: options.isImplicit,
      isBigEndian: options.isBigEndian,
      text: options.within?.text ?? this.textDecoder([]),
      lastTag: '',
      isUnknown: options.onlyGroup === undefined,
      isDropped: false,
    }
    this.contexts = [root]
  }

  textDecoder(terms: readonly string[]): TextDecoder {
    return createTextDecoder(terms, (code, message) => this.warn(code, message, this.tag, this.input.position))
  }

  /** Of two lengths that contradict each other the inner one is believed: the outer is the one writers forget to change. */
  badLength(message: string, tag: string, offset: number): void {
    if (this.options.within) throw new DicomReadError('bad-element', message, tag, offset)
    this.warn('bad-length', message, tag, offset)
  }

  warn(code: string, message: string, tag?: string, offset?: number): void {
    if (this.warnings.length >= maxWarnings) return
    this.warnings.push({
      code,
      message,
      ...(tag === undefined ? {} : { tag }),
      ...(offset === undefined ? {} : { offset }),
    })
  }

  count(tag: string, offset: number): void {
    this.elements += 1
    if (this.elements > this.limits.maxElements) {
      throw new DicomReadError('too-many-elements', `More than ${this.limits.maxElements} elements.`, tag, offset)
    }
    this.keep(bytesPerElement, undefined, tag, offset)
  }

  /** Accounts for memory before it is taken for good. */
  keep(byteLength: number, element: Element | undefined, tag: string, offset: number): void {
    const values = element?.Value?.length ?? 0
    this.#keptBytes += byteLength + values * (element?.vr === 'PN' ? bytesPerName : bytesPerValue)
    if (this.#keptBytes > this.limits.maxHeaderLength) {
      throw new DicomReadError(
        'header-too-long',
        `The attributes take more than ${this.limits.maxHeaderLength} bytes.`,
        tag,
        offset,
      )
    }
  }

  /** Takes over what a value read as a sequence has cost. */
  absorb(inner: ReadState, tag: string, offset: number): void {
    this.elements += inner.elements
    this.keep(inner.#keptBytes, undefined, tag, offset)
  }

  /** Puts an element into its data set. Of an element that stands twice the first counts: false for the second. */
  store(context: Context, tag: string, element: Element, offset: number): boolean {
    if (tag <= context.lastTag) {
      if (context.dataset[tag] !== undefined) {
        this.warn('duplicate-tag', 'The element stands twice; the first one counts.', tag, offset)
        return false
      }
      this.warn('tag-order', 'The element stands out of order.', tag, offset)
    } else context.lastTag = tag
    // Group lengths say nothing once the file is read (PS3.5 7.2).
    if (!tag.endsWith('0000') || tag === tags.fileMetaInformationGroupLength) context.dataset[tag] = element
    return true
  }

  /** An element whose value stays in the file. */
  storeBulk(
    context: Context,
    tag: string,
    vr: Vr,
    place: { offset: number; length: number },
    start: number,
  ): BulkElement | undefined {
    const path = this.pathOf(tag)
    if (!this.store(context, tag, { vr, BulkDataURI: `bulkdata/${path}` }, start) || context.isDropped) return undefined
    const bulk: BulkElement = { path, vr, ...place }
    this.bulk.push(bulk)
    return bulk
  }

  /** '54000100/0/54001010' for an element of the innermost open item. */
  pathOf(tag: string): string {
    let path = ''
    for (const { kind, items, tag: sequence } of this.contexts) {
      if (kind === 'sequence') path += `${sequence}/${items.length - 1}/`
    }
    return path + tag
  }

  /** Passes over value bytes; false while some are still to come. */
  skipOn(): boolean {
    const length = Math.min(this.skip, this.input.available)
    this.input.advance(length)
    this.skip -= length
    return this.skip === 0
  }
}
