import assert from 'node:assert/strict'
import { createHeaderReader, type ReadOptions } from './read-header.ts'
import { DicomReadError } from './limits.ts'
import type { ReadResult } from './types.ts'

/** What reading gave: the result, or the error's code, tag, offset and words. */
export type Outcome = { result: ReadResult } | { error: Pick<DicomReadError, 'code' | 'tag' | 'offset' | 'message'> }

/** Numbers that look random and are the same in every run. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

export function readIn(bytes: Uint8Array, sizeOf: () => number, options?: ReadOptions): Outcome {
  const reader = createHeaderReader(options)
  // One buffer for all chunks, as a socket has it: what the reader keeps it must have copied.
  const buffer = new Uint8Array(Math.max(1, bytes.length))
  try {
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(sizeOf(), bytes.length - at)
      buffer.set(bytes.subarray(at, at + size))
      reader.push(buffer.subarray(0, size))
      buffer.fill(0xa5, 0, size)
      at += size
    }
    return { result: reader.end() }
  } catch (error) {
    if (!(error instanceof DicomReadError)) throw error
    const { code, tag, offset, message } = error
    return { error: { code, tag, offset, message } }
  }
}

/** Reads a file whole, byte by byte and in random chunks, which must make no difference. */
export function readAll(bytes: Uint8Array, options?: ReadOptions): Outcome {
  const whole = readIn(bytes, () => bytes.length, options)
  const random = numbersFrom(bytes.length + 7)
  const ways: [string, () => number][] = [
    ['byte by byte', () => 1],
    ['in small chunks', () => 1 + random(40)],
    ['in large chunks', () => 1 + random(5000)],
  ]
  for (const [way, sizeOf] of ways) assert.deepEqual(readIn(bytes, sizeOf, options), whole, `read ${way}`)
  return whole
}

export function readFile(bytes: Uint8Array, options?: ReadOptions): ReadResult {
  const outcome = readAll(bytes, options)
  if ('error' in outcome) assert.fail(`refused: ${outcome.error.message}`)
  return outcome.result
}

export function refusal(bytes: Uint8Array, options?: ReadOptions): Extract<Outcome, { error: unknown }>['error'] {
  const outcome = readAll(bytes, options)
  if ('result' in outcome) assert.fail('the file was read')
  return outcome.error
}

export const join = (pieces: Iterable<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat([...pieces]))

/** 'AB 01' and text in quotes to bytes: `08 00 05 00 'CS' 0A 00 'ISO_IR 100'`. */
export function bytesOf(notation: string): Uint8Array {
  const pieces = notation.match(/'[^']*'|[0-9A-F]{2}/g) ?? []
  return join(
    pieces.map((piece) =>
      piece.startsWith("'") ? Buffer.from(piece.slice(1, -1), 'latin1') : Buffer.from(piece, 'hex'),
    ),
  )
}

/** A file with preamble and file meta information around the bytes of a data set. */
export function withMeta(transferSyntaxUid: string, dataset: Uint8Array): Uint8Array {
  const uid = transferSyntaxUid.length % 2 === 1 ? `${transferSyntaxUid}\0` : transferSyntaxUid
  const element = join([bytesOf(`02 00 10 00 'UI'`), Uint8Array.of(uid.length, 0), Buffer.from(uid, 'latin1')])
  const length = join([bytesOf(`02 00 00 00 'UL' 04 00`), Uint8Array.of(element.length, 0, 0, 0)])
  return join([new Uint8Array(128), bytesOf(`'DICM'`), length, element, dataset])
}

export const explicitLittle = '1.2.840.10008.1.2.1'
export const implicitLittle = '1.2.840.10008.1.2'
export const explicitBig = '1.2.840.10008.1.2.2'
export const deflated = '1.2.840.10008.1.2.1.99'
