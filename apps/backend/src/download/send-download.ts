import { archiveName, type DownloadItem } from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { addDownloadEvents } from '../data/downloads.ts'
import type { Deps } from '../deps.ts'
import { sendBody } from '../dicomweb/wado/answer.ts'
import { cutRange } from '../dicomweb/wado/byte-range.ts'
import { openDownload } from './open-download.ts'
import { chooseInstances, planDownload } from './plan-download.ts'

/** Answers with the archive of what was chosen; who takes it is written before the first byte leaves, unless it `isNoted`. */
export async function sendDownload(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  items: readonly DownloadItem[],
  isNoted = false,
): Promise<FastifyReply> {
  const { scope } = request
  const { ids } = await chooseInstances(deps, scope, items)
  const plan = await planDownload(deps, scope, ids)
  if (request.method === 'GET' && !isNoted) await addDownloadEvents(deps.db, scope, ids, { format: 'zip' })
  return sendBody(request, reply, plan.identity, {
    mediaType: 'application/zip',
    byteLength: plan.byteLength,
    headers: { 'content-disposition': `attachment; filename="${archiveName(plan)}"` },
    open: (memory) => openDownload({ deps, scope, plan, memory }),
    openRange: async ({ offset, length }, memory) =>
      cutRange(openDownload({ deps, scope, plan, memory }, offset), { offset: 0, length }),
  })
}
