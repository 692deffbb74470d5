import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { type AllowedAddresses, ForbiddenAddressError } from './allowed-addresses.ts'

/** What came of one attempt. */
export interface Attempt {
  isDelivered: boolean
  /** Null when there was no answer. */
  status: number | null
  /** Beginning of the answer, or why there was none. */
  answer: string
  durationMs: number
  /** Seconds the receiver asks us to wait. */
  retryAfter?: number | undefined
}

export interface PostOptions {
  addresses: AllowedAddresses
  /** For everything: name, connection, answer. */
  timeoutMs: number
  userAgent: string
}

// What is kept of an answer, in bytes.
const answerBytes = 2048

/** Posts a body once. Never throws: whatever goes wrong out there is an answer. Redirects are not followed. */
export async function postMessage(
  address: string,
  body: string,
  headers: Record<string, string>,
  options: PostOptions,
): Promise<Attempt> {
  const started = performance.now()
  try {
    const { status, text, retryAfter } = await send(new URL(address), body, headers, options)
    const isRedirect = status >= 300 && status < 400
    return {
      isDelivered: status >= 200 && status < 300,
      status,
      answer: isRedirect ? 'A redirect is not followed: set the address it leads to.' : text,
      durationMs: Math.round(performance.now() - started),
      retryAfter,
    }
  } catch (error) {
    return {
      isDelivered: false,
      status: null,
      answer: describe(error, options.timeoutMs),
      durationMs: Math.round(performance.now() - started),
    }
  }
}

interface Answer {
  status: number
  text: string
  retryAfter: number | undefined
}

async function send(
  url: URL,
  body: string,
  headers: Record<string, string>,
  { addresses, timeoutMs, userAgent }: PostOptions,
): Promise<Answer> {
  const isPlain = url.protocol === 'http:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const check = (target: string): void => {
    if (!addresses.isAllowed(target)) throw new ForbiddenAddressError(`${target} may not be called.`)
    if (isPlain && !addresses.isAllowedPlain(target))
      throw new ForbiddenAddressError('Without https only this machine.')
  }
  // A socket asks no name server for a number.
  if (isIP(host) !== 0) check(host)
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const call = (isPlain ? httpRequest : httpsRequest)(
      url,
      {
        method: 'POST',
        agent: false,
        lookup: addresses.lookup,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': userAgent,
          ...headers,
        },
      },
      (message) => {
        readAnswer(message).then(resolve, reject)
      },
    )
    call.on('error', reject)
    call.on('socket', (socket: Socket) => {
      // Whatever resolved the name: this is where the bytes would go.
      socket.once('connect', () => {
        try {
          check(socket.remoteAddress ?? '')
        } catch (error) {
          call.destroy(error as Error)
          return
        }
        call.end(body)
      })
    })
  })
}

/** As much of it as is kept; the rest is not waited for. */
async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= answerBytes) break
    }
  } catch {
    // The status is the answer; its text may be cut off.
  }
  message.destroy()
  const retryAfter = Number(message.headers['retry-after'])
  return {
    status: message.statusCode ?? 0,
    // PostgreSQL's text holds no NUL.
    text: Buffer.concat(chunks).subarray(0, answerBytes).toString().replaceAll('\0', ''),
    retryAfter: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  }
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof ForbiddenAddressError) return error.message
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return `No answer within ${Math.round(timeoutMs / 1000)} s.`
  return `${code ?? name}: ${message}`.slice(0, 500)
}
