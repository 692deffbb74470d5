import { checkBoundary, encodeLatin1, MultipartError } from './multipart-form.ts'

type Many<T> = AsyncIterable<T> | Iterable<T>

/** What stands before a part's body; `lineBreak` ends the body before it. */
function encodeHead(headers: Record<string, string>, boundary: string, lineBreak: string): Uint8Array {
  let head = `${lineBreak}--${boundary}\r\n`
  for (const [name, value] of Object.entries(headers)) {
    // Anything else would let a value write headers or parts of its own.
    if (!/^[!-9;-~]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new MultipartError(
        'bad-header',
        `Not fit for a header: ${JSON.stringify(`${name}: ${value}`.slice(0, 60))}.`,
      )
    }
    head += `${name}: ${value}\r\n`
  }
  return encodeLatin1(`${head}\r\n`)
}

const encodeEnd = (boundary: string, lineBreak: string): Uint8Array => encodeLatin1(`${lineBreak}--${boundary}--\r\n`)

/** Joins parts to a multipart/related body while they are read. Header names and values must be of one line each. */
export async function* joinMultipart(
  parts: Many<{ headers: Record<string, string>; body: Many<Uint8Array> }>,
  boundary: string,
): AsyncGenerator<Uint8Array, void> {
  checkBoundary(boundary)
  let lineBreak = ''
  for await (const { headers, body } of parts) {
    yield encodeHead(headers, boundary, lineBreak)
    yield* body
    lineBreak = '\r\n'
  }
  yield encodeEnd(boundary, lineBreak)
}

/** Bytes of what joinMultipart makes of parts with these headers, without their bodies. */
export function multipartOverhead(headers: readonly Record<string, string>[], boundary: string): number {
  checkBoundary(boundary)
  let byteLength = 0
  let lineBreak = ''
  for (const one of headers) {
    byteLength += encodeHead(one, boundary, lineBreak).length
    lineBreak = '\r\n'
  }
  return byteLength + encodeEnd(boundary, lineBreak).length
}
