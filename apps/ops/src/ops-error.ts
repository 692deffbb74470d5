/** A fault with a sentence for the person at the keyboard; `exitCode` 3 where a person has to do something first. */
export class OpsError extends Error {
  readonly exitCode: 1 | 2 | 3

  constructor(message: string, exitCode: 1 | 2 | 3 = 1, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Azure's own words: the code, the message and what it points at. */
export function describeAzure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  const message = error.message.split('\n')[0] ?? ''
  const name = code !== undefined && !message.includes(code) ? `${code}: ` : ''
  return `${name}${message}${statusCode === undefined ? '' : ` (HTTP ${statusCode})`}`
}

export const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode
