import { formatDigest } from './digest-field.ts'
import type { Send } from './identity-client.ts'
import {
  type KnownList,
  knownListSchema,
  type NewUpload,
  type Upload,
  type UploadList,
  uploadListSchema,
  uploadPartUrl,
  uploadSchema,
  uploadsUrl,
  uploadUrl,
} from './upload.ts'

/** One part: its bytes and their SHA-256 (32 bytes). */
export interface PartToSend {
  id: string
  number: number
  bytes: Uint8Array<ArrayBuffer>
  sha256: Uint8Array
}

export interface UploadClient {
  createUpload(upload: NewUpload, signal?: AbortSignal): Promise<Upload>
  getUpload(id: string, signal?: AbortSignal): Promise<Upload>
  /** Those of the caller that are open or assembling. */
  listUploads(signal?: AbortSignal): Promise<UploadList>
  /** Resolves once the part is durable; sending it again is always safe. */
  putPart(part: PartToSend, signal?: AbortSignal): Promise<void>
  completeUpload(id: string, signal?: AbortSignal): Promise<Upload>
  /** Drops an open upload with its bytes; of a finished one only what is told about it. */
  removeUpload(id: string, signal?: AbortSignal): Promise<void>
  /** Drops it only while it is open: 409 `upload-assembling` or `upload-ended` otherwise. */
  removeOpenUpload(id: string, signal?: AbortSignal): Promise<void>
  findKnown(sha256: readonly string[], signal?: AbortSignal): Promise<KnownList>
}

/** Header fields of a part's request. */
export const partHeaders = ({ sha256 }: Pick<PartToSend, 'sha256'>): Record<string, string> => ({
  'content-type': 'application/octet-stream',
  'content-digest': formatDigest(sha256),
})

export function uploadClient(send: Send): UploadClient {
  return {
    createUpload: (upload, signal) => send('POST', uploadsUrl, uploadSchema, { body: upload, signal }),
    getUpload: (id, signal) => send('GET', uploadUrl(id), uploadSchema, { signal }),
    listUploads: (signal) => send('GET', uploadsUrl, uploadListSchema, { signal }),
    putPart: (part, signal) =>
      send('PUT', uploadPartUrl(part.id, part.number), null, {
        bytes: { body: part.bytes, headers: partHeaders(part) },
        signal,
      }),
    completeUpload: (id, signal) => send('POST', `${uploadUrl(id)}/complete`, uploadSchema, { signal }),
    removeUpload: (id, signal) => send('DELETE', uploadUrl(id), null, { signal }),
    removeOpenUpload: (id, signal) => send('DELETE', `${uploadUrl(id)}?if=open`, null, { signal }),
    findKnown: (sha256, signal) =>
      send('POST', `${uploadsUrl}/known`, knownListSchema, { body: { sha256: [...sha256] }, signal }),
  }
}
