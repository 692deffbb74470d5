import type { MultipartBody } from './multipart-body.ts'
import type { Answer } from './read-store-answer.ts'
import { storeUrl } from './upload-target.ts'

export interface SentAnswer extends Answer {
  /** Seconds the server asks to wait. */
  retryAfter: number | undefined
}

export type SendRequest = (
  body: MultipartBody,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
) => Promise<SentAnswer>

/** One STOW-RS request. XMLHttpRequest, because fetch says nothing about how far a body has gone. Status 0: no answer. */
export const sendRequest: SendRequest = ({ body, contentType }, signal, onSent) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest()
    const finish = (): void => {
      signal.removeEventListener('abort', abort)
      const wait = Number(request.getResponseHeader('retry-after') ?? Number.NaN)
      resolve({
        status: request.status,
        text: request.responseText,
        requestId: request.getResponseHeader('x-request-id') ?? '',
        retryAfter: Number.isFinite(wait) ? wait : undefined,
      })
    }
    const abort = (): void => request.abort()
    request.open('POST', storeUrl())
    request.setRequestHeader('content-type', contentType)
    request.setRequestHeader('accept', 'application/dicom+json')
    request.upload.addEventListener('progress', (event) => onSent(event.loaded))
    request.addEventListener('loadend', finish)
    signal.addEventListener('abort', abort)
    if (signal.aborted) finish()
    else request.send(body)
  })
