import type { ByteRange } from '../../storage/blob-store.ts'

/**
 * The part of a body that a Range header asks for (RFC 9110 14.2). Undefined: the whole body is sent, as for units that
 * are no bytes, for what cannot be read and for several ranges at once, which a server need not serve.
 * @param byteLength bytes of the whole body
 * @returns 'unsatisfiable' when it begins behind the end
 */
export function readRange(header: string | undefined, byteLength: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '') ?? []
  if (first === '') {
    if (last === '') return undefined
    // The last bytes: all, when there are fewer.
    const length = Math.min(Number(last), byteLength)
    return length === 0 ? 'unsatisfiable' : { offset: byteLength - length, length }
  }
  const offset = Number(first)
  const end = last === '' ? byteLength : Math.min(Number(last) + 1, byteLength)
  if (last !== '' && Number(last) < offset) return undefined
  return offset >= byteLength ? 'unsatisfiable' : { offset, length: end - offset }
}

/** Whether a range may be cut from this body, or the client's earlier bytes are of another one (RFC 9110 13.1.5). */
export const isStillSame = (ifRange: string | string[] | undefined, etag: string): boolean =>
  ifRange === undefined || String(ifRange).trim() === etag

/** Bytes of a stream within a range; what lies before it is read and let go. */
export async function* cutRange(
  source: AsyncIterable<Uint8Array>,
  { offset, length }: ByteRange,
): AsyncGenerator<Uint8Array> {
  const end = offset + length
  let position = 0
  for await (const chunk of source) {
    const from = Math.max(offset - position, 0)
    const to = Math.min(end - position, chunk.length)
    position += chunk.length
    if (to > from) yield chunk.subarray(from, to)
    if (position >= end) return
  }
}
