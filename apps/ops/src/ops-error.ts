import { secondsToWait } from '@instandt/api'

/**
 * A fault with a sentence for the person at the keyboard; `exitCode` 3 where a person has to do something first, 4 where
 * nothing is wrong but that something is away.
 */
export class OpsError extends Error {
  readonly exitCode: 1 | 2 | 3 | 4

  constructor(message: string, exitCode: 1 | 2 | 3 | 4 = 1, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

const notSignedIn = new Set(['AggregateAuthenticationError', 'AuthenticationError', 'CredentialUnavailableError'])

/** Azure's own words: the code, the message and what it points at. */
export function describeAzure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (notSignedIn.has(error.name))
    return `Azure lets nobody in from here: az login, or the variables of a service principal (${error.name})`
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  const message = error.message.split('\n')[0] ?? ''
  const name = code !== undefined && !message.includes(code) ? `${code}: ` : ''
  return `${name}${message}${statusCode === undefined ? '' : ` (HTTP ${statusCode})`}`
}

export const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode

/** Seconds the service asks to wait, as a number or a date; undefined where it says nothing. */
export function retryAfterOf(error: unknown): number | undefined {
  const { headers } = (error as { response?: { headers?: { get(name: string): string | undefined } } }).response ?? {}
  return secondsToWait(headers?.get('retry-after'))
}
