import { secondsToWait, type SendRequest, type SentAnswer } from '@instandt/api'
import { headersOf } from '../../api/client.ts'
import { storeUrl } from './upload-target.ts'

export interface BodyRequest {
  method: 'POST' | 'PUT'
  url: string
  headers: Record<string, string>
  body: XMLHttpRequestBodyInit
}

/** A connection on which nothing moved so long is dead: the laptop slept, or has another address now. */
const silentMs = 45_000
/** The server ends a request itself before that. */
const answerMs = 240_000

/** One request with a body. XMLHttpRequest, because fetch says nothing about how far a body has gone. Status 0: no answer. */
export function sendBody(
  { method, url, headers, body }: BodyRequest,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<SentAnswer> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    let deadline: ReturnType<typeof setTimeout> | undefined
    const abort = (): void => request.abort()
    const waitFor = (milliseconds: number): void => {
      clearTimeout(deadline)
      deadline = setTimeout(abort, milliseconds)
    }
    const finish = (): void => {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
      resolve({
        status: request.status,
        text: request.responseText,
        requestId: request.getResponseHeader('x-request-id') ?? '',
        retryAfter: secondsToWait(request.getResponseHeader('retry-after')),
      })
    }
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', (event) => {
      waitFor(silentMs)
      onSent(event.loaded)
    })
    request.upload.addEventListener('load', () => waitFor(answerMs))
    request.addEventListener('loadend', finish)
    signal.addEventListener('abort', abort)
    if (signal.aborted) return finish()
    waitFor(silentMs)
    request.send(body)
  })
}

/** One STOW-RS request of this account. */
export const sendRequest =
  (account: () => string | undefined): SendRequest =>
  ({ body, contentType }, project, signal, onSent) =>
    sendBody(
      {
        method: 'POST',
        url: storeUrl(project),
        headers: { 'content-type': contentType, accept: 'application/dicom+json', ...headersOf(account()) },
        body,
      },
      signal,
      onSent,
    )
