import { AppError } from '../app-error.ts'
import type { Command, CommandContext } from '../commands.ts'
import { addAuditEvent } from '../data/audit.ts'
import { dropIdleUploads } from '../data/upload-jobs.ts'
import { finishedDays } from '../jobs/index.ts'
import { reindex } from '../jobs/reindex.ts'
import { defaultGraceHours, sweepOrphans } from '../jobs/sweep-orphans.ts'

const flag = { type: 'boolean', default: false } as const

/** Looking after the store itself. */
export const archiveCommands: Record<string, Command> = {
  reindex: {
    help: `  reindex     gives every stored object its row back (after restoring an older database)
    --quarantine   also takes objects out of the quarantine
    --verify       also reads every known object again and compares its SHA-256
    --grace-hours N  leaves younger objects alone, which may be about to get their rows (24; 0 while nothing stores)
    --dry-run      only counts`,
    options: {
      quarantine: flag,
      verify: flag,
      'dry-run': flag,
      'grace-hours': { type: 'string', default: String(defaultGraceHours) },
    },
    async run({ deps, scope, values, print }) {
      const report = await reindex(deps, scope, {
        graceHours: count(values, 'grace-hours'),
        hasQuarantine: values['quarantine'] === true,
        isVerifying: values['verify'] === true,
        isDryRun: values['dry-run'] === true,
        onProgress: (state) =>
          print(`\r${state.known} known, ${state.indexed} indexed, ${state.failed.length} failed `),
      })
      print(
        `\n${report.known} known, ${report.indexed} indexed, ${report.versions} versions, ${report.copies} second copies, ${report.verified} verified, ${report.failed.length} failed\n`,
      )
      if (report.replaced > 0) print(`${report.replaced} damaged objects got their bytes back\n`)
      if (report.held > 0) print(`${report.held} deletions in the bin are held for a week\n`)
      if (report.young > 0)
        print(
          `${report.young} without a row are younger than the grace: run it again, or with --grace-hours 0 while nothing stores\n`,
        )
      for (const { blobKey, reason } of report.failed) print(`  ${blobKey}: ${reason}\n`)
      if (values['dry-run'] !== true)
        await addAuditEvent(deps.db.pool, scope, { action: 'archive.reindex', count: report.indexed })
      return report.failed.length > 0 ? 1 : 0
    },
  },
  sweep: {
    help: `  sweep       moves blobs without a row to the quarantine, removes what has been there for long
    --grace-hours N      leaves younger blobs alone (24)
    --quarantine-days N  days before removal (30)
    --force              also when so many have none that the database seems to be the wrong one
    --dry-run            only reports`,
    options: {
      force: flag,
      'dry-run': flag,
      'grace-hours': { type: 'string', default: String(defaultGraceHours) },
      'quarantine-days': { type: 'string', default: '30' },
    },
    async run({ deps, scope, values, print }) {
      const report = await sweepOrphans(deps, scope, {
        graceHours: count(values, 'grace-hours'),
        quarantineDays: count(values, 'quarantine-days'),
        isDryRun: values['dry-run'] === true,
        isForced: values['force'] === true,
      })
      print(
        `${report.seen} blobs, ${report.quarantined.length} put in quarantine, ${report.restored.length} returned, ${report.removed.length} removed, ${report.removedTemporary} unfinished removed, ${report.failed.length} failed\n`,
      )
      for (const key of report.quarantined) print(`  quarantine ${key}\n`)
      for (const { blobKey, reason } of report.failed) print(`  ${blobKey}: ${reason}\n`)
      const { quarantined, removed, restored } = report
      if (values['dry-run'] !== true) {
        await addAuditEvent(deps.db.pool, scope, {
          action: 'archive.sweep',
          detail: { quarantined, restored, removed },
        })
      }
      return report.failed.length > 0 ? 1 : 0
    },
  },
  'uploads sweep': {
    help: `  uploads sweep    drops open uploads that nobody touched, with their bytes; the worker does it every hour
    --idle-days N        days without a sign of life (UPLOAD_KEEP_DAYS)`,
    options: { 'idle-days': { type: 'string' } },
    async run({ deps, scope, values, print }) {
      const idleDays = values['idle-days'] === undefined ? deps.config.UPLOAD_KEEP_DAYS : count(values, 'idle-days')
      const report = await dropIdleUploads(deps.db, scope, { idleDays, finishedDays })
      print(`${report.dropped} open uploads dropped, ${report.forgotten} finished ones forgotten\n`)
      return 0
    },
  },
}

/** @throws AppError 'wrong-usage' */
export function count(values: CommandContext['values'], name: string): number {
  const value = Number(values[name])
  if (!(value >= 0)) throw new AppError('wrong-usage', 400, `--${name} is a number of 0 or more`)
  return value
}
