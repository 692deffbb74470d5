import { ApiError, ContractError, UnreachableError } from './client.ts'

/** The source gave other bytes than it should: changed, or gone. */
export class SourceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SourceError'
  }
}

export const isProblem = (error: unknown, code: string): boolean =>
  error instanceof ApiError && error.problem.code === code

const passingStatuses = [408, 425, 429]
const passingCodes = ['part-busy', 'body-cut-off', 'too-many-uploads']

/**
 * Faults that another try may not meet: of the line, of something between, of a server that is busy or restarting; too many
 * uploads of the sender until some have ended.
 */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError || error instanceof ContractError) return true
  if (!(error instanceof ApiError)) return false
  const { status, code } = error.problem
  return status >= 500 || passingStatuses.includes(status) || passingCodes.includes(code)
}

/** Milliseconds the server asked to wait. */
export const askedToWait = (error: unknown): number => (error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0)
