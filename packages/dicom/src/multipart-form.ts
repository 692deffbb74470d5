// What splitting and joining a multipart/related body (RFC 2046 5.1) have in common.

export type MultipartErrorCode =
  | 'bad-boundary'
  | 'empty-body'
  | 'no-boundary'
  | 'bad-delimiter'
  | 'bad-header'
  | 'header-too-long'
  | 'too-many-parts'
  | 'missing-final-delimiter'
  | 'part-abandoned'

export class MultipartError extends Error {
  override readonly name = 'MultipartError'
  readonly code: MultipartErrorCode

  constructor(code: MultipartErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at)
  return bytes
}

export function checkBoundary(boundary: string): void {
  // RFC 2046 allows 70 signs; longer ones are harmless.
  if (/^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(boundary)) return
  throw new MultipartError('bad-boundary', 'The boundary must be 1 to 200 printable ASCII signs.')
}
