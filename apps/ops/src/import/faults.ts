import { ApiError, ContractError, UnreachableError } from '@instandt/api'
import { OpsError } from '../ops-error.ts'

/** Nothing went forward for too long: the same command later goes on. */
export const notFinishedCode = 4

interface PassingOptions extends ErrorOptions {
  wait?: number
  isOwn?: boolean
}

/** Another try may not meet it: of the line, or of a server that is busy or restarting. */
export class PassingError extends Error {
  /** Milliseconds the server asked to wait. */
  readonly wait: number
  /** Of this piece of work rather than of line or server: it is given up after a few tries. */
  readonly isOwn: boolean

  constructor(message: string, { wait = 0, isOwn = false, ...options }: PassingOptions = {}) {
    super(message, options)
    this.name = 'PassingError'
    this.wait = wait
    this.isOwn = isOwn
  }
}

const certificateFaults = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
])
const isCertificateFault = (code: string): boolean =>
  certificateFaults.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS_CERT')

/** The first code in a chain of causes: of the system, or of TLS. */
export function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return undefined
}

/** What to do about a connection that TLS does not allow; undefined for other faults. */
export function tlsFault(error: unknown, address: string): OpsError | undefined {
  const code = codeOf(error)
  if (code === undefined) return undefined
  const options = { cause: error }
  if (isCertificateFault(code))
    return new OpsError(
      `the certificate of ${address} is not trusted (${code}): name your own authority's file in NODE_EXTRA_CA_CERTS, or set NODE_USE_SYSTEM_CA=1`,
      3,
      options,
    )
  return code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')
    ? new OpsError(`${address} does not speak TLS as it should (${code}): is it https, and the right port?`, 3, options)
    : undefined
}

/** A fault of a connection or an answer, for people. */
export function describeFault(error: unknown): string {
  if (error instanceof ApiError) {
    const { status, code, detail, title } = error.problem
    return `${status} ${detail || title} (${code})`
  }
  if (error instanceof ContractError) return 'what answers is no instaNDT of this version'
  const code = codeOf(error)
  if (error instanceof UnreachableError) return `no answer${code === undefined ? '' : ` (${code})`}`
  if (!(error instanceof Error)) return String(error)
  return code !== undefined && !error.message.includes(code) ? `${error.message} (${code})` : error.message
}
