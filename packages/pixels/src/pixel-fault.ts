/** Why an image cannot be shown; the screen has words for each. */
export type PixelFaultCode =
  | 'no-pixels'
  | 'missing-attribute'
  | 'unsupported-format'
  | 'unsupported-syntax'
  | 'video'
  | 'frame-short'
  | 'decode-failed'
  | 'too-large'
  | 'too-slow'

/** Values that go into the words; numbers in the unit their name says. */
export type PixelFaultDetail = Readonly<Record<string, string | number>>

/** This image cannot be shown, and asking again would not help. */
export class PixelFault extends Error {
  readonly code: PixelFaultCode
  readonly detail: PixelFaultDetail

  constructor(code: PixelFaultCode, detail: PixelFaultDetail = {}, cause?: unknown) {
    super(`${code} ${JSON.stringify(detail)}`, { cause })
    this.name = 'PixelFault'
    this.code = code
    this.detail = detail
  }
}
