import {
  ApiError,
  parseProblem,
  partHeaders,
  type SendPart,
  startUpload,
  UnreachableError,
  uploadName,
  uploadPartUrl,
} from '@instandt/api'
import { clientOf, headersOf } from '../../api/client.ts'
import { forgetHandle, keepHandle } from './file-handles.ts'
import type { StartLarge } from './send-large.ts'
import { sendBody } from './send-request.ts'

/** With small files beside it five connections: browsers have six, and the pages need one. */
const lanes = 3

const sendPart =
  (account: string | undefined): SendPart =>
  async (part, signal, onSent) => {
    const { id, number, bytes } = part
    const url = uploadPartUrl(id, number)
    const headers = { ...partHeaders(part), ...headersOf(account) }
    const answer = await sendBody({ method: 'PUT', url, headers, body: bytes }, signal, onSent)
    if (answer.status >= 200 && answer.status < 300) return
    if (signal.aborted) throw signal.reason
    if (answer.status === 0) throw new UnreachableError(new Error('The connection broke.'))
    throw new ApiError(parseProblem(answer.text, answer.status, answer.requestId), answer.retryAfter)
  }

export const startLarge =
  (owner: () => string | undefined): StartLarge =>
  ({ file = new Blob(), path, sha256, project, uploadId }, onChange) => {
    const account = owner()
    let kept: string | undefined
    let keeping = Promise.resolve()
    return startUpload({
      client: clientOf(account),
      source: file,
      file: {
        name: uploadName(path),
        ...(sha256 ? { sha256 } : {}),
        ...(project ? { project } : {}),
      },
      id: uploadId,
      lanes,
      sendPart: sendPart(account),
      signedOut: 'wait',
      onChange(progress) {
        const { id, phase } = progress
        if (id !== undefined && id !== kept) {
          // Begun anew: the server has dropped the one before.
          const dropped = kept
          kept = id
          keeping = keeping.then(() => (dropped === undefined ? undefined : forgetHandle(dropped)))
          keeping = keeping.then(() => keepHandle(id, file))
        }
        if (id !== undefined && phase === 'done') keeping = keeping.then(() => forgetHandle(id))
        onChange(progress)
      },
    })
  }
