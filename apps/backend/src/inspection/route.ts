import {
  type InspectionDetail,
  type InspectionPage,
  type InspectionQuery,
  type InstancePage,
  inspectionQuerySchema,
  instanceQuerySchema,
} from '@instandt/api'
import { sopClassName } from '@instandt/dicom'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import {
  type Cursor,
  countInspections,
  findInspection,
  listInspections,
  listInstances,
  listViews,
} from '../data/inspections.ts'
import { findAllOwners } from '../data/narrow-search.ts'
import { readDeclared } from '../data/search-attributes.ts'
import type { App, Deps } from '../deps.ts'
import { readQuery } from '../read-input.ts'
import { readAttributes } from './read-attributes.ts'

// Another server's declaration may go unnoticed for so long (milliseconds).
const declaredMaxAge = 1000

type ViewRequest = FastifyRequest<{ Params: { study: string; series: string } }>

/** The web app's own lists: pages by key, so that they stay right while images arrive. */
export function inspectionRoutes(app: App, deps: Deps): void {
  const read = { config: { permission: 'read' } } as const

  app.get('/api/inspections', read, async (request): Promise<InspectionPage> => {
    const query: InspectionQuery = readQuery(inspectionQuerySchema, request.query)
    const declared = query.attributes === undefined ? [] : (await readDeclared(deps.db, declaredMaxAge)).attributes
    const wanted = readAttributes(query.attributes, declared)
    const attributes = await findAllOwners(deps.db, request.scope, wanted)
    const cursor = readCursor(query.cursor, query.sort)
    const rows = await listInspections(deps.db, request.scope, query, attributes, cursor)
    const items = rows.slice(0, query.limit)
    const last = rows.length > query.limit ? items.at(-1) : undefined
    return {
      items: items.map(({ cursorId: _id, cursorValue: _value, ...inspection }) => inspection),
      next: last ? writeCursor({ value: last.cursorValue, id: last.cursorId }, query.sort) : null,
      total: query.total === 'yes' ? await countInspections(deps.db, request.scope, query, attributes) : null,
    }
  })

  app.get('/api/inspections/:study', read, async (request): Promise<InspectionDetail> => {
    const { study } = (request as ViewRequest).params
    const inspection = await findInspection(deps.db, request.scope, study)
    if (!inspection) throw new AppError('inspection-not-found', 404, 'There is no such inspection.')
    return { ...inspection, views: await listViews(deps.db, request.scope, study) }
  })

  app.get('/api/inspections/:study/views/:series/instances', read, async (request): Promise<InstancePage> => {
    const { study, series } = (request as ViewRequest).params
    const query = readQuery(instanceQuerySchema, request.query)
    const rows = await listInstances(
      deps.db,
      request.scope,
      { studyInstanceUid: study, seriesInstanceUid: series },
      { limit: query.limit, cursor: readCursor(query.cursor, 'number') },
    )
    if (!rows) throw new AppError('view-not-found', 404, 'There is no such view in this inspection.')
    const page = rows.slice(0, query.limit)
    const last = rows.length > query.limit ? page.at(-1) : undefined
    return {
      items: page.map(({ cursorId: _id, ...row }) => ({ ...row, sopClassName: sopClassName(row.sopClassUid) ?? null })),
      next: last ? writeCursor({ value: String(last.number ?? 2_147_483_647), id: last.cursorId }, 'number') : null,
    }
  })
}

const writeCursor = (cursor: Cursor, sort: string): string =>
  Buffer.from(JSON.stringify([sort, cursor.value, cursor.id])).toString('base64url')

function readCursor(text: string | undefined, sort: string): Cursor | undefined {
  if (text === undefined) return undefined
  const fault = new AppError('malformed-cursor', 400, 'The cursor is not one of this list in this order.')
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw fault
  }
  const [ofSort, value, id] = Array.isArray(parts) ? (parts as unknown[]) : []
  if (ofSort !== sort || typeof value !== 'string' || value.length > 2048 || !Number.isSafeInteger(id)) throw fault
  if (sort === 'number' && !/^-?\d{1,10}$/.test(value)) throw fault
  if (sort.endsWith('stored') && Number.isNaN(Date.parse(value))) throw fault
  return { value, id: id as number }
}
