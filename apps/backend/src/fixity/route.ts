import type { FixityReport } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { requestProof } from '../data/proof-requests.ts'
import { readFixityReport } from '../data/proofs.ts'
import type { App, Deps } from '../deps.ts'
import { everywhere } from '../plugins/access.ts'

/** Whether stored bytes are still those that were stored. */
export function fixityRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-archive' } } as const
  const studyOf = (request: FastifyRequest): string => (request.params as { study: string }).study

  app.get('/api/archive/fixity', manage, async (request): Promise<FixityReport> =>
    readFixityReport(deps.db, request.scope, deps.config.FIXITY_DAYS),
  )

  app.post('/api/archive/fixity/:study', manage, async (request, reply) => {
    await requestProof(deps.db, await everywhere(deps.db, request.scope), studyOf(request))
    return reply.code(202).send()
  })

  app.post('/api/inspections/:study/proof', { config: { permission: 'correct' } }, async (request, reply) => {
    await requestProof(deps.db, request.scope, studyOf(request))
    return reply.code(202).send()
  })
}
