import { parseArgs } from 'node:util'
import { AppError } from './app-error.ts'
import type { Deps } from './deps.ts'
import { reindex } from './jobs/reindex.ts'
import { sweepOrphans } from './jobs/sweep-orphans.ts'
import { readArchiveScope } from './plugins/access.ts'

const help = `instandt <command> [options]

  reindex     gives every stored object its row back (after restoring an older database)
    --quarantine   also takes objects out of the quarantine
    --verify       also reads every known object again and compares its SHA-256
    --dry-run      only counts
  sweep       moves blobs without a row to the quarantine, removes what has been there for long
    --grace-hours N      leaves younger blobs alone (24)
    --quarantine-days N  days before removal (30)
    --force              also when so many have none that the database seems to be the wrong one
    --dry-run            only reports

Exit codes: 0 done, 1 failed or found faults, 2 wrong usage.
`

/** Runs one command of the `instandt` program; the exit code is returned. */
export async function runCommand(
  args: string[],
  openDeps: () => Promise<{ deps: Deps; close: () => Promise<void> }>,
  print: (text: string) => void,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help') {
    print(help)
    return name === undefined ? 2 : 0
  }
  if (name !== 'reindex' && name !== 'sweep') {
    print(`there is no command '${name}'\n\n${help}`)
    return 2
  }
  let options: ReturnType<typeof readOptions>
  try {
    options = readOptions(rest)
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  const { deps, close } = await openDeps()
  try {
    const scope = await readArchiveScope(deps.db)
    if (name === 'reindex') {
      const report = await reindex(deps, scope, {
        hasQuarantine: options.quarantine,
        isVerifying: options.verify,
        isDryRun: options['dry-run'],
        onProgress: (state) =>
          print(`\r${state.known} known, ${state.indexed} indexed, ${state.failed.length} failed `),
      })
      print(
        `\n${report.known} known, ${report.indexed} indexed, ${report.copies} second copies, ${report.verified} verified, ${report.failed.length} failed\n`,
      )
      for (const { blobKey, reason } of report.failed) print(`  ${blobKey}: ${reason}\n`)
      return report.failed.length > 0 ? 1 : 0
    }
    const report = await sweepOrphans(deps, scope, {
      graceHours: options.graceHours,
      quarantineDays: options.quarantineDays,
      isDryRun: options['dry-run'],
      isForced: options.force,
    })
    print(
      `${report.seen} blobs, ${report.quarantined.length} put in quarantine, ${report.restored.length} returned, ${report.removed.length} removed, ${report.removedTemporary} unfinished removed\n`,
    )
    for (const key of report.quarantined) print(`  quarantine ${key}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    print(`\n${error.message}\n`)
    return 1
  } finally {
    await close()
  }
}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      quarantine: { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      'grace-hours': { type: 'string', default: '24' },
      'quarantine-days': { type: 'string', default: '30' },
    },
  })
  const count = (name: 'grace-hours' | 'quarantine-days'): number => {
    const value = Number(values[name])
    if (!(value >= 0)) throw new Error(`--${name} is a number of 0 or more`)
    return value
  }
  return { ...values, graceHours: count('grace-hours'), quarantineDays: count('quarantine-days') }
}
