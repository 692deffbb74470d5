import { Readable } from 'node:stream'
import { auditExportSchema, type AuditPage, auditQuerySchema } from '@instandt/api'
import { addAuditEvent, exportAudit, searchAudit } from '../data/audit.ts'
import type { App, Deps } from '../deps.ts'
import { readQuery } from '../read-input.ts'
import { auditLines } from './lines.ts'

/** What happened, for those who may know. */
export function auditRoutes(app: App, deps: Deps): void {
  const read = { config: { permission: 'read-audit' } } as const

  app.get('/api/audit', read, async (request): Promise<AuditPage> => {
    const query = readQuery(auditQuerySchema, request.query)
    const rows = await searchAudit(deps.db, request.scope, query)
    const items = rows.slice(0, query.limit)
    return { items, next: rows.length > query.limit ? String(items.at(-1)?.id) : null }
  })

  app.get('/api/audit/export', read, async (request, reply) => {
    const { format, ...filter } = readQuery(auditExportSchema, request.query)
    await addAuditEvent(deps.db.pool, request.scope, { action: 'audit.export', detail: { format, ...filter } })
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl')
      .header('cache-control', 'private, no-store')
      .header('content-disposition', `attachment; filename="audit.${format}"`)
      .send(Readable.from(auditLines(format, exportAudit(deps.db, request.scope, filter))))
  })
}
