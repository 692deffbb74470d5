import {
  binQuerySchema,
  type BinPage,
  type Deletion,
  deleteSchema,
  moveSchema,
  purgeSchema,
  type Restored,
} from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { type BinCursor, deleteImages, listBin } from '../data/bin.ts'
import { moveStudy } from '../data/move-study.ts'
import { requestPurge } from '../data/purge.ts'
import { deletionNotFound, restoreDeletion } from '../data/restore.ts'
import type { App, Deps } from '../deps.ts'
import { noSuchProject } from '../plugins/access.ts'
import { readBody, readId, readQuery } from '../read-input.ts'

/** Deleting, taking back, purging; and moving to another project. */
export function binRoutes(app: App, deps: Deps): void {
  const mayDelete = { config: { permission: 'delete' } } as const
  const manage = { config: { permission: 'manage-archive' } } as const
  const studyOf = (request: FastifyRequest): string => (request.params as { study: string }).study
  const deletionOf = (request: FastifyRequest): string =>
    readId((request.params as { deletion: string }).deletion, deletionNotFound)

  app.post('/api/inspections/:study/delete', mayDelete, async (request): Promise<Deletion> => {
    const { reason, series, instances } = readBody(deleteSchema, request.body)
    return deleteImages(deps.db, request.scope, studyOf(request), { series, instances }, reason, deps.config.BIN_DAYS)
  })

  app.post('/api/inspections/:study/move', { config: { permission: 'move' } }, async (request, reply) => {
    const { project, reason } = readBody(moveSchema, request.body)
    await moveStudy(deps.db, request.scope, studyOf(request), targetOf(request, project), reason)
    return reply.code(204).send()
  })

  const list = async (request: FastifyRequest, isEvery: boolean): Promise<BinPage> => {
    const { cursor, ...query } = readQuery(binQuerySchema, request.query)
    const rows = await listBin(deps.db, request.scope, { ...query, cursor: readCursor(cursor), isEvery })
    const items = rows.slice(0, query.limit)
    const last = rows.length > query.limit ? items.at(-1) : undefined
    return { items, next: last ? `${last.deletedAt} ${last.id}` : null }
  }
  app.get('/api/bin', mayDelete, async (request) => list(request, false))
  app.get('/api/archive/bin', manage, async (request) => list(request, true))

  app.post('/api/bin/:deletion/restore', mayDelete, async (request): Promise<Restored> =>
    restoreDeletion(deps.db, request.scope, deletionOf(request)),
  )

  app.post('/api/archive/bin/:deletion/purge', manage, async (request, reply) => {
    const { reason } = readBody(purgeSchema, request.body)
    await requestPurge(deps.db, request.scope, deletionOf(request), reason)
    return reply.code(202).send()
  })
}

/** Where it is to go: the caller must be able to store there. @throws AppError 'project-not-found', 'forbidden' */
function targetOf(request: FastifyRequest, slug: string): { id: number; slug: string } {
  const target = request.caller.projects.find((one) => one.slug === slug)
  if (!target) throw noSuchProject()
  if (!target.permissions.includes('store'))
    throw new AppError('forbidden', 403, 'Your role in that project does not let you store there.')
  return target
}

function readCursor(text: string | undefined): BinCursor | undefined {
  if (text === undefined) return undefined
  const fault = (): AppError => new AppError('malformed-cursor', 400, 'The cursor is not one of this list.')
  const [at = '', id] = text.split(' ')
  if (Number.isNaN(Date.parse(at))) throw fault()
  return { at, id: readId(id, fault) }
}
