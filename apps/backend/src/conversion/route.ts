import { type ConversionTemplate, newTemplateSchema, type TemplateList } from '@instandt/api'
import { mediaTypes } from '@instandt/convert'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import {
  changeTemplate,
  createTemplate,
  listTemplates,
  removeTemplate,
  templateNotFound,
} from '../data/conversion-templates.ts'
import { findOriginal } from '../data/originals.ts'
import type { App, Deps } from '../deps.ts'
import { sendBody } from '../dicomweb/wado/answer.ts'
import { openObject } from '../dicomweb/wado/retrieve-object.ts'
import { readBody, readId } from '../read-input.ts'
import { attachmentNamed } from './attachment.ts'

type OriginalRequest = FastifyRequest<{ Params: { study: string; series: string; instance: string } }>

/** Templates of the form for files of other formats, and those files as they came. */
export function conversionRoutes(app: App, deps: Deps): void {
  const { db } = deps
  const store = { config: { permission: 'store' } } as const
  const templates = '/api/projects/:project/conversion-templates'
  const idOf = (request: FastifyRequest): string => readId((request.params as { id: string }).id, templateNotFound)

  app.get(templates, store, async (request): Promise<TemplateList> => ({
    items: await listTemplates(db, request.scope),
  }))

  app.post(templates, store, async (request, reply): Promise<ConversionTemplate> => {
    const created = await createTemplate(db, request.scope, readBody(newTemplateSchema, request.body))
    void reply.code(201)
    return created
  })

  app.put(`${templates}/:id`, store, async (request): Promise<ConversionTemplate> =>
    changeTemplate(db, request.scope, idOf(request), readBody(newTemplateSchema, request.body)),
  )

  app.delete(`${templates}/:id`, store, async (request, reply) => {
    await removeTemplate(db, request.scope, idOf(request))
    return reply.code(204).send()
  })

  const getOriginal = async (request: OriginalRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { study, series, instance } = request.params
    const original = await findOriginal(db, request.scope, {
      studyInstanceUid: study,
      seriesInstanceUid: series,
      sopInstanceUid: instance,
    })
    if (!original) throw new AppError('original-not-found', 404, 'There is no original file of this object.')
    // Who takes it is written before the first byte leaves.
    if (request.method === 'GET') await deps.noteRead(request.scope, 'image.download', study)
    return sendBody(request, reply, original.sha256, {
      mediaType: mediaTypes[original.format],
      byteLength: original.byteSize,
      // Never shown in place: a PDF of somebody else's is no page of ours.
      headers: { 'content-disposition': attachmentNamed(original.name), 'x-content-type-options': 'nosniff' },
      open: (memory) => readLazily(() => openObject(deps, original, memory)),
    })
  }

  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/inspections/:study/views/:series/instances/:instance/original',
    config: { permission: 'read' },
    handler: (request, reply) => getOriginal(request as OriginalRequest, reply),
  })
}

async function* readLazily(open: () => Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  yield* await open()
}
