import { type Download, type DownloadItem, downloadItemSchema, newDownloadSchema } from '@instandt/api'
import { findSelection, saveSelection, selectionNotFound } from '../data/downloads.ts'
import type { App, Deps } from '../deps.ts'
import { notFound } from '../dicomweb/wado/retrieve-object.ts'
import { readBody, readId } from '../read-input.ts'
import { chooseInstances } from './plan-download.ts'
import { sendDownload } from './send-download.ts'

interface Params {
  study: string
  series: string
  selection: string
}

/** Archives of inspections, views and what somebody chose: by address, so that a browser saves them by itself. */
export function downloadRoutes(app: App, deps: Deps): void {
  // HEAD tells the length without reading a byte; the framework's own would read them all.
  const read = { method: ['GET', 'HEAD'] as ('GET' | 'HEAD')[], config: { permission: 'read' } as const }

  app.post('/api/downloads', { config: { permission: 'read' } }, async (request, reply): Promise<Download> => {
    const { items } = readBody(newDownloadSchema, request.body)
    const { ids, byteSize } = await chooseInstances(deps, request.scope, items)
    const id = await saveSelection(deps.db, request.scope, items)
    reply.code(201)
    return { id, address: `/api/downloads/${id}`, instanceCount: ids.length, byteSize }
  })

  app.route({
    ...read,
    url: '/api/downloads/:selection',
    handler: async (request, reply) => {
      const id = readId((request.params as Params).selection, selectionNotFound)
      return sendDownload(deps, request, reply, await findSelection(deps.db, request.scope, id))
    },
  })

  app.route({
    ...read,
    url: '/api/inspections/:study/download',
    handler: async (request, reply) => {
      const { study } = request.params as Params
      return sendDownload(deps, request, reply, [readItem({ study })])
    },
  })

  app.route({
    ...read,
    url: '/api/inspections/:study/views/:series/download',
    handler: async (request, reply) => {
      const { study, series } = request.params as Params
      return sendDownload(deps, request, reply, [readItem({ study, series })])
    },
  })
}

/** What no UID can be names nothing. */
function readItem(item: { study: string; series?: string }): DownloadItem {
  const result = downloadItemSchema.safeParse(item)
  if (!result.success) throw notFound()
  return result.data
}
