import { Inflate } from 'fflate'
import { getString, isDiconde } from './dataset.ts'
import { tags, transferSyntax } from './dictionary/index.ts'
import { ElementParser, type Input } from './element-parser.ts'
import { DicomReadError, defaultLimits } from './limits.ts'
import { indexFrames } from './pixel-data.ts'
import { knownVrs } from './read-value.ts'
import type { Dataset, ReadLimits, ReadResult, ReadWarning } from './types.ts'

export interface ReadOptions {
  limits?: Partial<ReadLimits>
}

/** Takes a file in chunks of any size and keeps its attributes only. */
export interface HeaderReader {
  /** Throws DicomReadError as soon as the file cannot be read; later calls throw it again. */
  push(chunk: Uint8Array): void
  /** Call once after the last chunk. */
  end(): ReadResult
}

/** Chunks waiting to be read: whole ones are looked at in place, only a rest is copied. */
class ChunkInput implements Input {
  position = 0
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0
  #isOwn = false

  get available(): number {
    return this.#end - this.#start
  }

  view(length: number): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#start + length)
  }

  advance(length: number): void {
    this.#start += length
    this.position += length
  }

  push(chunk: Uint8Array): void {
    if (this.available === 0) {
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      this.#isOwn = false
      return
    }
    const needed = this.available + chunk.length
    if (!this.#isOwn || this.#bytes.length - this.#start < needed) {
      // Doubling keeps one-byte chunks linear.
      const grown = new Uint8Array(Math.max(needed, this.available * 2, 512))
      grown.set(this.#bytes.subarray(this.#start, this.#end))
      this.#end = this.available
      this.#start = 0
      this.#bytes = grown
      this.#isOwn = true
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** A rest that outlives the chunk it lies in is copied: the caller may reuse the chunk. */
  keep(): void {
    if (this.#isOwn || this.available === 0) return
    this.#bytes = this.#bytes.slice(this.#start, this.#end)
    this.#end = this.available
    this.#start = 0
    this.#isOwn = true
  }
}

const inflateSlice = 4096

/** Makes a reader for one Part 10 file (PS3.10 7), a file without preamble, or a bare data set. */
export function createHeaderReader(options: ReadOptions = {}): HeaderReader {
  const limits = { ...defaultLimits, ...options.limits }
  const input = new ChunkInput()
  const inflated = new ChunkInput()
  let stage: 'prolog' | 'meta' | 'dataset' = 'prolog'
  let meta: ElementParser | undefined
  let body: ElementParser | undefined
  let inflate: Inflate | undefined
  let inflatedBytes = 0
  let deflatedBytes = 0
  let byteLength = 0
  let syntaxUid = ''
  let failure: unknown
  const warnings: ReadWarning[] = []

  const advance = (isLast: boolean): void => {
    if (stage === 'prolog') {
      if (input.available < 160 && !isLast) return
      const start = findStart(input, byteLength)
      input.advance(start.skip)
      if (start.warning) warnings.push(start.warning)
      if (start.syntaxUid === undefined) {
        meta = new ElementParser(input, { isImplicit: false, isBigEndian: false, limits, onlyGroup: '0002' })
        stage = 'meta'
      } else {
        openBody(start.syntaxUid)
      }
    }
    if (stage === 'meta' && meta) {
      meta.run()
      if (!meta.isDone && !isLast) return
      if (!meta.isDone) meta.finish()
      // A data set needs 8 bytes to show its syntax; fewer are an empty or cut file.
      const declared = getString(meta.dataset, tags.transferSyntaxUid)
      if (declared === undefined && input.available < 8 && !isLast) return
      if (declared === undefined) warnings.push({ code: 'missing-transfer-syntax', tag: tags.transferSyntaxUid, message: 'No transfer syntax is named; it was found by looking.' })
      openBody(declared ?? sniffSyntax(input.view(Math.min(8, input.available))) ?? '1.2.840.10008.1.2.1')
    }
    if (stage === 'dataset' && body) {
      if (inflate) inflateAll(isLast)
      body.run()
    }
  }

  const openBody = (uid: string): void => {
    syntaxUid = uid
    const syntax = transferSyntax(uid)
    if (!syntax) warnings.push({ code: 'unknown-transfer-syntax', tag: tags.transferSyntaxUid, message: `The transfer syntax ${uid} is not known; its data set is read as explicit little endian.` })
    if (syntax?.deflated) {
      inflate = new Inflate((chunk) => {
        inflatedBytes += chunk.length
        if (inflatedBytes > 1024 * 1024 && inflatedBytes > deflatedBytes * limits.maxInflateRatio) {
          throw new DicomReadError('inflates-too-much', `More than ${limits.maxInflateRatio} bytes come out of one deflated byte.`, undefined, byteLength)
        }
        inflated.push(chunk)
        body?.run()
        inflated.keep()
      })
    }
    const source = syntax?.deflated ? inflated : input
    body = new ElementParser(source, { isImplicit: syntax?.implicit ?? false, isBigEndian: syntax?.bigEndian ?? false, limits })
    stage = 'dataset'
  }

  /** In small slices: what one of them can grow to stays within a few MiB. */
  const inflateAll = (isLast: boolean): void => {
    try {
      while (input.available > 0) {
        const slice = input.view(Math.min(inflateSlice, input.available)).slice()
        deflatedBytes += slice.length
        input.advance(slice.length)
        inflate?.push(slice, false)
      }
      if (isLast) inflate?.push(new Uint8Array(0), true)
    } catch (error) {
      if (error instanceof DicomReadError) throw error
      const isCut = isLast && /EOF/i.test(String(error))
      throw new DicomReadError(isCut ? 'truncated' : 'bad-deflate', isCut ? 'The deflated data set is cut off.' : 'The deflated data set is damaged.', undefined, byteLength)
    }
  }

  const guard = <T>(work: () => T): T => {
    if (failure !== undefined) throw failure
    try {
      return work()
    } catch (error) {
      failure = error
      throw error
    }
  }

  return {
    push: (chunk) =>
      guard(() => {
        byteLength += chunk.length
        input.push(chunk)
        advance(false)
        input.keep()
      }),
    end: () =>
      guard(() => {
        if (byteLength === 0) throw new DicomReadError('empty', 'The file is empty.')
        advance(true)
        body?.finish()
        const dataset: Dataset = body?.dataset ?? {}
        if (!body || Object.keys(dataset).length === 0) throw new DicomReadError('truncated', 'The file ends before its data set.', undefined, byteLength)
        const frames = body.pixels ? indexFrames(body.pixels, dataset, syntaxUid, body.extendedTable, (warning) => body?.warn(warning)) : undefined
        return {
          fileMeta: meta?.dataset ?? {},
          dataset,
          transferSyntaxUid: syntaxUid,
          byteLength,
          bulk: body.bulk,
          frames,
          isDiconde: isDiconde(dataset),
          warnings: [...warnings, ...(meta?.warnings ?? []), ...body.warnings],
        }
      }),
  }
}

/** Reads a whole file from its chunks. */
export async function readHeader(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options: ReadOptions = {}): Promise<ReadResult> {
  const reader = createHeaderReader(options)
  for await (const chunk of source) reader.push(chunk)
  return reader.end()
}

interface Start {
  skip: number
  /** Set when there is no file meta information. */
  syntaxUid?: string
  warning?: ReadWarning
}

function hasMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x44 && bytes[at + 1] === 0x49 && bytes[at + 2] === 0x43 && bytes[at + 3] === 0x4d
}

function findStart(input: Input, byteLength: number): Start {
  const bytes = input.view(Math.min(160, input.available))
  if (hasMagic(bytes, 128)) return { skip: 132 }
  const warning: ReadWarning = { code: 'missing-preamble', offset: 0, message: 'The file has no preamble.' }
  if (hasMagic(bytes, 0)) return { skip: 4, warning }
  if (bytes[0] === 2 && bytes[1] === 0 && bytes[3] === 0 && sniffSyntax(bytes) !== undefined) return { skip: 0, warning }
  const syntaxUid = sniffSyntax(bytes)
  if (syntaxUid === undefined) throw new DicomReadError('not-dicom', `These ${byteLength} bytes do not begin like a DICOM file.`, undefined, 0)
  return { skip: 0, syntaxUid, warning: { code: 'missing-meta', offset: 0, message: 'The file has no file meta information; its syntax was found by looking.' } }
}

/** Syntax of a bare data set by its first element, which lies in a low group of short values. */
function sniffSyntax(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isExplicit = knownVrs.has(String.fromCharCode(bytes[4] as number, bytes[5] as number))
  const isLowGroup = (group: number): boolean => group >= 2 && group <= 0x18 && group % 2 === 0
  if (isLowGroup(view.getUint16(0, true)) && view.getUint16(2, true) < 0x3000) {
    if (isExplicit) return '1.2.840.10008.1.2.1'
    return view.getUint32(4, true) <= 1024 ? '1.2.840.10008.1.2' : undefined
  }
  return isLowGroup(view.getUint16(0, false)) && isExplicit ? '1.2.840.10008.1.2.2' : undefined
}
