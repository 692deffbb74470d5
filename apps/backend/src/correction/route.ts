import { type Correction, type History, newCorrectionSchema, type Version } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { findVersion, listVersions, orderCorrection, readHistory } from '../data/corrections.ts'
import type { App, Deps } from '../deps.ts'
import { sendBody } from '../dicomweb/wado/answer.ts'
import { readBody } from '../read-input.ts'
import { valuesOfStudy } from './values.ts'

interface Params {
  study: string
  instance: string
  version: string
}

/** Other values for what was wrong from the start, and how it was before. */
export function correctionRoutes(app: App, deps: Deps): void {
  const read = { config: { permission: 'read' } } as const
  const params = (request: FastifyRequest): Params => request.params as Params
  const notFound = (): AppError => new AppError('version-not-found', 404, 'There is no such version.')

  app.post(
    '/api/inspections/:study/corrections',
    { config: { permission: 'correct' } },
    async (request, reply): Promise<Correction> => {
      const { changes, reason } = readBody(newCorrectionSchema, request.body)
      const correction = await orderCorrection(deps.db, request.scope, params(request).study, changes, reason)
      void reply.code(202)
      return correction
    },
  )

  app.get('/api/inspections/:study/history', read, async (request): Promise<History> => {
    const { attributes, ...history } = await readHistory(deps.db, request.scope, params(request).study)
    return { current: valuesOfStudy(attributes), ...history }
  })

  app.get(
    '/api/inspections/:study/instances/:instance/versions',
    read,
    async (request): Promise<{ items: Version[] }> => {
      const { study, instance } = params(request)
      const items = await listVersions(deps.db, request.scope, study, instance)
      if (!items) throw new AppError('instance-not-found', 404, 'There is no such instance in this inspection.')
      return { items }
    },
  )

  app.get('/api/inspections/:study/instances/:instance/versions/:version', read, async (request, reply) => {
    const { study, instance, version } = params(request)
    if (!/^\d{1,6}$/.test(version)) throw notFound()
    const object = await findVersion(deps.db, request.scope, study, instance, Number(version))
    if (!object) throw notFound()
    await deps.noteRead(request.scope, 'image.download', study)
    return sendBody(request, reply, object.sha256, {
      mediaType: 'application/dicom',
      byteLength: object.byteSize,
      headers: { 'content-disposition': `attachment; filename="${instance}-v${version}.dcm"` },
      open: async function* (memory) {
        yield* await deps.blobs.read(object.blobKey, undefined, memory())
      },
    })
  })
}
