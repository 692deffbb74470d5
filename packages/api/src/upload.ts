import { z } from 'zod'
import { slugSchema } from './administration.ts'
import { convertContentSchema } from './conversion.ts'

/**
 * One file on its way in parts. `open`: parts are taken; `assembling`: all are here and are being read; then how it ended.
 * `refused` is the file's fault as STOW-RS would tell it (PS3.18 I.2), `failed` says that these are not the bytes that were
 * announced, or that they were lost on the way.
 */
export const uploadStates = ['open', 'assembling', 'stored', 'refused', 'failed'] as const
export type UploadState = (typeof uploadStates)[number]

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in small letters')

/** What is to become of the bytes. */
export const uploadContentSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dicom') }),
  convertContentSchema,
])
export type UploadContent = z.infer<typeof uploadContentSchema>

const longestName = 500

/** The name of an upload: of a path too long the end, which says more than its folders. */
export const uploadName = (path: string): string => path.slice(-longestName).trim() || 'file'

/** POST /api/uploads */
export const newUploadSchema = z.strictObject({
  /** For people: the file's name, with its folders. */
  name: z.string().trim().min(1).max(longestName),
  byteSize: z.number().int().min(1),
  /** Chosen by the sender: the same one again gives the same upload, so that a request whose answer was lost may be repeated. */
  key: z.uuid().optional(),
  /** Of the whole file, when the sender knows it. */
  sha256: sha256Schema.optional(),
  /** Slug. Absent: as for STOW-RS, the only project the caller may store into, else the caller's default one. */
  project: slugSchema.optional(),
  content: uploadContentSchema.default({ kind: 'dicom' }),
})
export type NewUpload = z.input<typeof newUploadSchema>

const storedUids = {
  studyInstanceUid: z.string(),
  seriesInstanceUid: z.string(),
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  sha256: sha256Schema,
  /** Made of a file of another format: how many objects; the UIDs are those of the first. */
  objectCount: z.number().int().optional(),
}

export const uploadOutcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stored'), ...storedUids }),
  /** The very same bytes were there before; nothing was added. */
  z.object({ kind: z.literal('already-stored'), ...storedUids }),
  z.object({
    kind: z.literal('refused'),
    /** Failure Reason (0008,1197). */
    failureReason: z.number().int(),
    comment: z.string(),
    studyInstanceUid: z.string().optional(),
    seriesInstanceUid: z.string().optional(),
    sopInstanceUid: z.string().optional(),
    sopClassUid: z.string().optional(),
  }),
  z.object({
    kind: z.literal('failed'),
    /** `digest-mismatch`: not the file whose SHA-256 was announced; `parts-lost`, `part-damaged`: send it again; `unreadable`. */
    code: z.string(),
    comment: z.string(),
  }),
])
export type UploadOutcome = z.infer<typeof uploadOutcomeSchema>

/** GET /api/uploads/{id}; also the answer of making one and of completing it. */
export const uploadSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  /** Slug. */
  project: z.string(),
  byteSize: z.number(),
  sha256: sha256Schema.nullable(),
  content: uploadContentSchema,
  /** Bytes of every part but the last, which has the rest. */
  partSize: z.number().int(),
  partCount: z.number().int(),
  state: z.enum(uploadStates),
  /** Numbers of the parts that are here, from 0: first and last of each run, in ascending order. */
  received: z.array(z.tuple([z.number().int(), z.number().int()])),
  receivedBytes: z.number(),
  /** While assembling: bytes that have been read. */
  readBytes: z.number(),
  outcome: uploadOutcomeSchema.nullable(),
  createdAt: z.string(),
  /** Last sign of life. */
  touchedAt: z.string(),
  finishedAt: z.string().nullable(),
  /** An open upload that nobody touches until then is dropped; null for others. */
  expiresAt: z.string().nullable(),
})
export type Upload = z.infer<typeof uploadSchema>

/** GET /api/uploads: the caller's that are open or assembling, newest first. */
export const uploadListSchema = z.object({ items: z.array(uploadSchema) })
export type UploadList = z.infer<typeof uploadListSchema>

/** DELETE /api/uploads/{id}?if=open: only one that takes parts; whoever drops one on its last bytes learns whether it was in time. */
export const removeUploadQuerySchema = z.strictObject({ if: z.literal('open').optional() })

/** POST /api/uploads/known */
export const knownQuerySchema = z.strictObject({ sha256: z.array(sha256Schema).min(1).max(1000) })

/** Those that are stored already where the caller may read or store. */
export const knownListSchema = z.object({
  items: z.array(
    z.object({
      sha256: sha256Schema,
      project: z.string(),
      studyInstanceUid: z.string(),
      seriesInstanceUid: z.string(),
      sopInstanceUid: z.string(),
    }),
  ),
})
export type KnownList = z.infer<typeof knownListSchema>

/** Addresses, relative to the server. */
export const uploadsUrl = '/api/uploads'
export const uploadUrl = (id: string): string => `${uploadsUrl}/${id}`
export const uploadPartUrl = (id: string, number: number): string => `${uploadUrl(id)}/parts/${number}`

/** Bytes of one part. */
export function partLength({ byteSize, partSize }: Pick<Upload, 'byteSize' | 'partSize'>, number: number): number {
  return Math.min(partSize, byteSize - number * partSize)
}
