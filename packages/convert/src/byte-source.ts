import { ConvertFault } from './fault.ts'
import { limits } from './limits.ts'

/** Random access to a file whose bytes lie somewhere else. */
export interface ByteSource {
  /** Bytes. */
  readonly byteLength: number
  /**
   * A range, not to be written to; what lies around it is read with it and remembered, since the next question is mostly about that.
   * @throws ConvertFault 'truncated' when the file does not have it, 'too-large' when too much was read around what was asked
   */
  read(offset: number, length: number): Promise<Uint8Array>
  /**
   * A long range, chunk by chunk, none of it remembered.
   * @throws ConvertFault 'truncated' when the file does not have it
   */
  stream(offset: number, length: number): AsyncIterable<Uint8Array>
  /**
   * Tells that so many more bytes are going to be decompressed, whatever comes out of them.
   * @throws ConvertFault 'damaged' once they are far more than the file has
   */
  claim(bytes: number): void
}

export type ReadRange = (range: { offset: number; length: number }) => Promise<AsyncIterable<Uint8Array>>

const windowBytes = 2 * 1024 * 1024
const windowCount = 3
/** A longer read is not worth remembering. */
export const shortRead = windowBytes

/**
 * @param readRange gives the bytes of a range in order; its own faults are passed on
 * @param scatteredBytes that may be read for what short reads ask, beyond some times the file
 */
export function openSource(
  byteLength: number,
  readRange: ReadRange,
  scatteredBytes: number = limits.scatteredBytes,
): ByteSource {
  const windows: { offset: number; bytes: Uint8Array }[] = []
  let ahead = 0
  let claimed = 0

  function check(offset: number, length: number): void {
    if (offset + length <= byteLength && offset >= 0 && length >= 0) return
    throw new ConvertFault(
      'truncated',
      `The file has ${byteLength} bytes, but bytes ${offset} to ${offset + length} are needed: it was cut off.`,
    )
  }

  async function* stream(offset: number, length: number): AsyncGenerator<Uint8Array> {
    check(offset, length)
    let got = 0
    if (length > 0) {
      for await (const chunk of await readRange({ offset, length })) {
        const wanted = chunk.subarray(0, length - got)
        got += wanted.length
        yield wanted
        if (got === length) break
      }
    }
    if (got < length) throw new ConvertFault('truncated', `The file ends ${length - got} bytes too early.`)
  }

  async function fetch(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    let at = 0
    for await (const chunk of stream(offset, length)) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }

  return {
    byteLength,
    async read(offset, length) {
      check(offset, length)
      if (length > windowBytes) return fetch(offset, length)
      let window = windows.find((one) => one.offset <= offset && offset + length <= one.offset + one.bytes.length)
      if (!window) {
        const span = Math.min(windowBytes, byteLength - offset)
        ahead += span
        if (ahead > scatteredBytes + 8 * byteLength)
          throw new ConvertFault(
            'too-large',
            `The parts of the file lie so scattered that ${ahead} bytes would have to be read; the file has ${byteLength}.`,
          )
        window = { offset, bytes: await fetch(offset, span) }
        windows.push(window)
        if (windows.length > windowCount) windows.shift()
      }
      return window.bytes.subarray(offset - window.offset, offset - window.offset + length)
    },
    stream,
    claim(bytes) {
      claimed += bytes
      // Each lies in the file once; blank tiles may share theirs.
      if (claimed > limits.freeBytes + 2 * byteLength)
        throw new ConvertFault(
          'damaged',
          `Strips or tiles name ${claimed} bytes together, the file has ${byteLength}: they share them.`,
        )
    },
  }
}
