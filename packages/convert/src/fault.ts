/**
 * `unknown-format`: none of the formats that are taken · `truncated`: the file ends too early · `damaged`: its parts contradict
 * each other · `unsupported`: a kind of it that is not converted · `too-large`: beyond a limit · `does-not-fit`: not what its
 * sender says it is.
 */
export type ConvertFaultCode = 'unknown-format' | 'truncated' | 'damaged' | 'unsupported' | 'too-large' | 'does-not-fit'

/** A file that cannot be converted; the message says to its sender why. */
export class ConvertFault extends Error {
  readonly code: ConvertFaultCode

  constructor(code: ConvertFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConvertFault'
    this.code = code
  }
}
