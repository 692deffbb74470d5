import { auditExportSchema } from '@instandt/api'
import { AppError } from '../app-error.ts'
import { openAnchorStore } from '../audit/anchor.ts'
import { auditLines } from '../audit/lines.ts'
import { sealAll } from '../audit/seal.ts'
import { verifyAudit } from '../audit/verify.ts'
import type { Command } from '../commands.ts'
import { addAuditEvent, exportAudit } from '../data/audit.ts'

/** Proving and handing out what happened. */
export const auditCommands: Record<string, Command> = {
  'audit verify': {
    help: `  audit verify     goes through the whole chain and its anchors; names every event that was altered, removed or moved`,
    options: {},
    async run({ deps, scope, print }) {
      await sealAll(deps.db)
      const report = await verifyAudit(deps.db, scope, await openAnchorStore(deps.config), (seq) => print(`\r${seq} `))
      print(`\r${report.events} events, chain up to link ${report.head}, ${report.anchors} anchors\n`)
      for (const fault of report.faults) print(`  ${fault}\n`)
      print(report.faults.length === 0 ? 'intact\n' : `${report.faults.length} faults\n`)
      return report.faults.length === 0 ? 0 : 1
    },
  },
  'audit export': {
    help: `  audit export     writes events to standard output
    --format csv|jsonl (csv)
    --from, --to       instants such as 2026-11-01T00:00:00Z`,
    options: { format: { type: 'string', default: 'csv' }, from: { type: 'string' }, to: { type: 'string' } },
    async run({ deps, scope, values, print }) {
      const wanted = auditExportSchema.safeParse(values)
      if (!wanted.success) {
        const words = wanted.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`)
        throw new AppError('wrong-usage', 400, words.join('; '))
      }
      const { format, ...filter } = wanted.data
      await addAuditEvent(deps.db.pool, scope, { action: 'audit.export', detail: { format, ...filter } })
      for await (const line of auditLines(format, exportAudit(deps.db, scope, filter))) print(line)
      return 0
    },
  },
}
