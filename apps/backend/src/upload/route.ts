import {
  type KnownList,
  knownQuerySchema,
  newUploadSchema,
  parseDigest,
  removeUploadQuerySchema,
  type Upload,
  type UploadList,
  uploadUrl,
} from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { createPartLocks } from '../data/upload-locks.ts'
import {
  completeUpload,
  createUpload,
  findKnown,
  getUpload,
  listUploads,
  removeUpload,
  uploadNotFound,
} from '../data/uploads.ts'
import type { App, Deps } from '../deps.ts'
import { scopeWhereAny, storeScopeIn } from '../plugins/access.ts'
import { asBodyFault, checkEncoding, openRawBody, takeRawBodies } from '../raw-body.ts'
import { readBody, readId, readQuery } from '../read-input.ts'
import { newObjectKey } from '../storage/blob-keys.ts'
import { partSizeFor } from './part-size.ts'
import { receivePart } from './receive-part.ts'

// A connection that brings nothing for so long is dead: the part is sent again over another one.
const silenceMs = 60_000

/** Uploads in parts: survive lost connections, restarts of either side and the end of a session. */
export function uploadRoutes(app: App, deps: Deps): void {
  const { db, config } = deps
  const locks = createPartLocks(db)
  const store = { config: { permission: 'store' } } as const
  const idOf = (request: FastifyRequest): string => readId((request.params as { id: string }).id, uploadNotFound)

  app.post('/api/uploads', store, async (request, reply): Promise<Upload> => {
    const { project, ...wanted } = readBody(newUploadSchema, request.body)
    const scope = storeScopeIn(request, project)
    const most = config.STORE_MAX_INSTANCE_BYTES
    if (wanted.byteSize > most) throw new AppError('file-too-large', 413, `The file is larger than ${most} bytes.`)
    const upload = await createUpload(
      db,
      scope,
      {
        ...wanted,
        sha256: wanted.sha256,
        key: wanted.key,
        isProjectNamed: project !== undefined,
        partSize: partSizeFor(wanted.byteSize, config.UPLOAD_PART_BYTES),
        blobKey: newObjectKey(),
      },
      { mostOpen: config.UPLOAD_MAX_OPEN, keepDays: config.UPLOAD_KEEP_DAYS },
    )
    void reply.code(201).header('location', uploadUrl(upload.id))
    return upload
  })

  app.get('/api/uploads', store, async (request): Promise<UploadList> => ({
    items: await listUploads(db, request.scope, config.UPLOAD_KEEP_DAYS),
  }))

  app.get('/api/uploads/:id', store, async (request): Promise<Upload> =>
    getUpload(db, request.scope, idOf(request), config.UPLOAD_KEEP_DAYS),
  )

  app.post('/api/uploads/:id/complete', store, async (request, reply): Promise<Upload> => {
    const id = idOf(request)
    await completeUpload(db, request.scope, id)
    void reply.code(202).header('location', uploadUrl(id))
    return getUpload(db, request.scope, id, config.UPLOAD_KEEP_DAYS)
  })

  app.delete('/api/uploads/:id', store, async (request, reply) => {
    const { if: state } = readQuery(removeUploadQuerySchema, request.query)
    await removeUpload(db, request.scope, idOf(request), { isOpenOnly: state === 'open' })
    return reply.code(204).send()
  })

  app.post('/api/uploads/known', store, async (request): Promise<KnownList> => {
    const { sha256 } = readBody(knownQuerySchema, request.body)
    return { items: await findKnown(db, scopeWhereAny(request, ['read', 'store']), sha256) }
  })

  const putPart = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const upload = idOf(request)
    const number = readPartNumber(request)
    checkEncoding(request)
    const byteLength = readLength(request)
    const sha256 = readDigest(request, reply)
    const body = openRawBody(request, silenceMs)
    try {
      await receivePart(deps, locks, request.scope, { upload, number, byteLength, sha256, body })
    } catch (error) {
      // A body that comes too slowly is not waited for once more.
      const isTooSlow = error instanceof AppError && error.code === 'part-too-slow'
      if (isTooSlow || !(await body.drain())) reply.header('connection', 'close')
      throw request.raw.readableAborted ? asBodyFault(error) : error
    }
    if (!(await body.drain())) reply.header('connection', 'close')
    return reply.code(204).send()
  }

  void app.register(async (parts) => {
    takeRawBodies(parts as App)
    parts.put('/api/uploads/:id/parts/:number', store, putPart)
  })
}

function readPartNumber(request: FastifyRequest): number {
  const { number } = request.params as { number: string }
  if (!/^\d{1,6}$/.test(number)) throw new AppError('part-unknown', 400, 'Parts are numbered from 0.')
  return Number(number)
}

/** Known beforehand, so that a part's bytes can pass straight into the store. */
function readLength(request: FastifyRequest): number {
  const length = request.headers['content-length']
  if (length === undefined) throw new AppError('length-needed', 411, 'A part is sent with its Content-Length.')
  return Number(length)
}

/** RFC 9530; without a content coding both fields are about the same bytes. */
function readDigest(request: FastifyRequest, reply: FastifyReply): Uint8Array {
  const fields = [request.headers['content-digest'], request.headers['repr-digest']]
  const [digest] = fields.flatMap((field) => (typeof field === 'string' ? (parseDigest(field) ?? []) : []))
  if (digest) return digest
  reply.header('want-content-digest', 'sha-256=10')
  throw new AppError('digest-needed', 400, 'A part is sent with its SHA-256: Content-Digest: sha-256=:…: (RFC 9530).')
}
