import { ByteInput } from './byte-input.ts'
import { getNumber, getString, isDiconde } from './dataset.ts'
import { tags, transferSyntax } from './dictionary/index.ts'
import { ElementParser } from './element-parser.ts'
import { createInflater, type Inflater } from './inflate.ts'
import { DicomReadError, defaultLimits } from './limits.ts'
import { declaredFrames, indexFrames } from './pixel-data.ts'
import { findStart, sniffSyntax } from './sniff.ts'
import type { RootElement } from './read-state.ts'
import type { Dataset, FrameIndex, ReadLimits, ReadResult, ReadWarning } from './types.ts'

export interface ReadOptions {
  limits?: Partial<ReadLimits>
  /** Told of each element of the data set itself, in the order of the file. */
  onElement?: (element: RootElement) => void
}

/** What is known before the end of a file. */
export interface ReadSoFar {
  transferSyntaxUid: string
  /** First byte of the data set in the file: behind the file meta information. */
  dataSetOffset: number
  dataset: Dataset
  /** Up to here it was read: bytes of the file, of the inflated stream where the data set is deflated. */
  position: number
}

/** Takes a file in chunks of any size and keeps its attributes only. */
export interface HeaderReader {
  /** Throws DicomReadError as soon as the file cannot be read; later calls throw it again. */
  push(chunk: Uint8Array): void
  /** Undefined until the data set has begun. For whoever needs the beginning of a file only. */
  soFar(): ReadSoFar | undefined
  /** Call once after the last chunk. */
  end(): ReadResult
}

/** Makes a reader for one Part 10 file (PS3.10 7), a file without preamble, or a bare data set. */
export function createHeaderReader(options: ReadOptions = {}): HeaderReader {
  const limits = { ...defaultLimits, ...options.limits }
  const input = new ByteInput()
  const inflated = new ByteInput()
  let stage: 'prolog' | 'meta' | 'dataset' = 'prolog'
  let meta: ElementParser | undefined
  let body: ElementParser | undefined
  let inflater: Inflater | undefined
  let byteLength = 0
  let dataSetOffset = 0
  let syntaxUid = ''
  let failure: unknown
  const warnings: ReadWarning[] = []

  const advance = (isLast: boolean): void => {
    if (stage === 'prolog') {
      if (input.available < 160 && !isLast) return
      const start = findStart(input.view(Math.min(160, input.available)))
      input.advance(start.skip)
      if (start.warning) warnings.push(start.warning)
      if (start.syntaxUid === undefined) {
        meta = new ElementParser(input, { isImplicit: false, isBigEndian: false, limits, onlyGroup: 2 })
        stage = 'meta'
      } else {
        openBody(start.syntaxUid)
      }
    }
    if (stage === 'meta' && meta) {
      meta.run()
      if (!meta.isDone && !isLast) return
      if (!meta.isDone) meta.finish()
      const declared = getString(meta.state.dataset, tags.transferSyntaxUid)
      // A data set shows its syntax in 8 bytes.
      if (declared === undefined && input.available < 8 && !isLast) return
      if (declared === undefined) {
        const message = 'No transfer syntax is named; it was found by looking.'
        warnings.push({ code: 'missing-transfer-syntax', tag: tags.transferSyntaxUid, message })
      }
      openBody(declared ?? sniffSyntax(input.view(Math.min(8, input.available))) ?? '1.2.840.10008.1.2.1')
    }
    if (stage === 'dataset' && body) {
      inflater?.take(input, isLast)
      body.run()
    }
  }

  const openBody = (uid: string): void => {
    syntaxUid = uid
    dataSetOffset = input.position
    const syntax = transferSyntax(uid)
    if (!syntax) {
      const message = `The transfer syntax ${uid.slice(0, 64)} is not known; its data set is read as explicit little endian.`
      warnings.push({ code: 'unknown-transfer-syntax', tag: tags.transferSyntaxUid, message })
    }
    const source = syntax?.deflated ? inflated : input
    const parser = new ElementParser(source, {
      isImplicit: syntax?.implicit ?? false,
      isBigEndian: syntax?.bigEndian ?? false,
      limits,
      onElement: options.onElement,
    })
    body = parser
    if (syntax?.deflated) {
      inflater = createInflater(limits.maxInflateRatio, (chunk) => {
        inflated.push(chunk)
        parser.run()
        inflated.keep()
      })
    }
    stage = 'dataset'
  }

  const finish = (): ReadResult => {
    if (byteLength === 0) throw new DicomReadError('empty', 'The file is empty.')
    advance(true)
    body?.finish()
    if (!body || Object.keys(body.state.dataset).length === 0) {
      throw new DicomReadError('truncated', 'The file ends before its data set.', undefined, byteLength)
    }
    const { state } = body
    return {
      fileMeta: meta?.state.dataset ?? {},
      dataset: state.dataset,
      transferSyntaxUid: syntaxUid,
      byteLength,
      bulk: state.bulk,
      frames: findFrames(body, syntaxUid),
      isDiconde: isDiconde(state.dataset),
      warnings: [...warnings, ...(meta?.state.warnings ?? []), ...state.warnings],
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
        // Where a rest waits only as much is joined to it as it needs: the chunk's other bytes are looked at in place.
        let piece = 4096
        for (let at = 0; at < chunk.length; piece *= 4) {
          const end = input.available === 0 ? chunk.length : Math.min(at + piece, chunk.length)
          input.push(chunk.subarray(at, end))
          advance(false)
          at = end
        }
        input.keep()
      }),
    soFar: () =>
      body && {
        transferSyntaxUid: syntaxUid,
        dataSetOffset,
        dataset: body.state.dataset,
        position: body.state.endedAt ?? body.state.input.position,
      },
    end: () => guard(finish),
  }
}

function findFrames({ state, isUnclosed }: ElementParser, transferSyntaxUid: string): FrameIndex | undefined {
  const { pixels, dataset, extendedTable } = state
  if (!pixels) {
    if (getNumber(dataset, tags.rows) !== undefined && getNumber(dataset, tags.columns) !== undefined) {
      state.warn('pixel-data-missing', 'Rows and Columns are given, but there is no pixel data.', tags.pixelData)
    }
    return undefined
  }
  const warn = (code: string, message: string, tag?: string): void => state.warn(code, message, tag)
  const frames = indexFrames({ pixels, extendedTable, dataset, transferSyntaxUid, warn })
  // Without its delimiter encapsulated pixel data may be cut off; only when every frame is there it is not.
  if (isUnclosed && (frames?.frameCount ?? 0) < declaredFrames(dataset)) {
    throw new DicomReadError(
      'truncated',
      'The file ends inside encapsulated pixel data.',
      pixels.tag,
      pixels.offset + pixels.length,
    )
  }
  return frames
}

/** Reads a whole file from its chunks. */
export async function readHeader(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const reader = createHeaderReader(options)
  for await (const chunk of source) reader.push(chunk)
  return reader.end()
}
