import { rm } from 'node:fs/promises'
import type { Context } from '../context.ts'
import { OpsError } from '../ops-error.ts'
import type { ArchiveSource } from './archive-source.ts'
import { bring } from './bring.ts'
import { openDicomWeb } from './dicomweb-source.ts'
import { createEffort, type Effort } from './effort.ts'
import { describeFault } from './faults.ts'
import { openFolder } from './folder-source.ts'
import { type Journal, openJournal, type Settlement } from './journal.ts'
import { lookThrough } from './look-through.ts'
import type { ImportOptions } from './options.ts'
import { type Progress, startProgress } from './progress.ts'
import { pick, type Summary, summaryText, writeReport } from './report.ts'
import { openTarget, type Target } from './target.ts'
import { type Verified, verify } from './verify.ts'

/** As shells name what an interrupt ended. */
const interruptedCode = 130

type Say = Pick<Context, 'print' | 'say' | 'isJson'>

/** Lists the source, brings in what is not there, writes the report. @returns the exit code */
export async function runImport(options: ImportOptions, { print, isJson, ...context }: Say): Promise<number> {
  const terminal = process.stderr.isTTY ? process.stderr : undefined
  // In place of the line of progress, not behind it.
  const say = (line: string): void => {
    terminal?.write('\r\x1b[K')
    context.say(line)
  }
  const effort = createEffort(options.patienceMs)
  const source = await openSource(options, effort)
  const target =
    options.token === undefined || options.mode === 'dry-run'
      ? undefined
      : await openTarget(options.target, options.token, options.project)
  // What the token leads to, which may be another project tomorrow.
  const project = target?.project ?? options.project
  const binding = { source: source.name, target: options.target, project: project ?? '' }
  const journal = openJournal(options.journal, binding)
  const progress = startProgress({ say, wait: effort.wait, terminal })
  const release = takeInterrupts(effort, say)
  try {
    // Of a run that was killed.
    await rm(options.spoolDir, { recursive: true, force: true })
    const work = await doWork(options, { source, target, journal, effort, progress })
    progress.stop()
    const unlisted = journal.unlisted()
    const summary: Summary = {
      source: source.name,
      target: options.target,
      project: project ?? null,
      ...summed(journal),
      ...work,
      unlisted,
      isComplete: !effort.isFinishing() && unlisted === 0,
      report: options.report,
    }
    await writeReport(options.report, journal, source.nameOf)
    print(isJson ? `${JSON.stringify(summary)}\n` : summaryText(summary))
    return exitCode(options, summary, effort, say)
  } finally {
    progress.stop()
    release()
    journal.close()
    await rm(options.spoolDir, { recursive: true, force: true })
  }
}

const openSource = (options: ImportOptions, effort: Effort): Promise<ArchiveSource> => {
  const { report, journal, source, spoolDir } = options
  return 'folder' in source
    ? openFolder(source.folder, [report, `${report}.new`, journal, `${journal}-wal`, `${journal}-journal`])
    : Promise.resolve(openDicomWeb({ ...source, spoolDir, effort }))
}

interface Parts {
  source: ArchiveSource
  target: Target | undefined
  journal: Journal
  effort: Effort
  progress: Progress
}

async function doWork(
  { mode, parallel, withRefused }: ImportOptions,
  { source, target, journal, effort, progress }: Parts,
): Promise<Pick<Summary, 'run' | 'verified'>> {
  const started = performance.now()
  const sent = { files: 0, bytes: 0 }
  let verified: Verified | null = null
  const onSettled = (settlements: readonly Settlement[]): void => {
    for (const { state, byteSize = 0 } of settlements) {
      progress.add(1, byteSize)
      if (state === 'stored') Object.assign(sent, { files: sent.files + 1, bytes: sent.bytes + byteSize })
      if (state === 'refused' || state === 'failed') progress.fault()
    }
  }
  try {
    if (mode === 'bring') journal.reopen(withRefused)
    // What was brought in, and since when, is what is to be confirmed: no time of a file takes that away.
    else journal.keepSettled()
    progress.begin('listing')
    await source.list(journal, progress.add, effort.isFinishing)
    if (!effort.isFinishing()) {
      const { pending, stored, known } = journal.totals()
      if (mode === 'dry-run') {
        progress.begin('looking', pending.files)
        await lookThrough({ source, journal, effort }, parallel, progress.add)
      } else if (target && mode === 'verify') {
        progress.begin('verifying', stored.files + known.files, stored.bytes + known.bytes)
        verified = await verify({
          source,
          target,
          journal,
          effort,
          parallel,
          onVerified(entries) {
            for (const { byteSize = 0 } of entries) progress.add(1, byteSize)
          },
        })
      } else if (target) {
        progress.begin('bringing in', pending.files, pending.bytes)
        await bring({ source, target, journal, effort, parallel, onSettled })
      }
    }
  } catch (error) {
    // What ended it is told with the report.
    if (!effort.gate.signal.aborted) effort.fail(error)
  }
  const seconds = (performance.now() - started) / 1000
  const run = { sent: sent.files, bytes: sent.bytes, seconds, bytesPerSecond: sent.bytes / Math.max(0.001, seconds) }
  return { run, verified }
}

function summed(journal: Journal): Pick<Summary, 'files' | 'bytes'> {
  const totals = journal.totals()
  return { files: pick(totals, 'files'), bytes: pick(totals, 'bytes') }
}

function exitCode({ mode }: ImportOptions, summary: Summary, effort: Effort, say: (line: string) => void): number {
  const failure = effort.failure()
  if (failure) {
    const { error } = failure
    say(error instanceof OpsError ? error.message : `failed: ${describeFault(error)}`)
    return error instanceof OpsError ? error.exitCode : 1
  }
  if (effort.isFinishing()) {
    say('interrupted: run it again to go on')
    return interruptedCode
  }
  const { refused, failed, pending } = summary.files
  const isWanting = mode !== 'dry-run' && pending > 0
  return refused + failed + summary.unlisted + (summary.verified?.faults ?? 0) > 0 || isWanting ? 1 : 0
}

/** The first interrupt ends it after what is under way, the second one at once. */
function takeInterrupts(effort: Effort, say: (line: string) => void): () => void {
  const interrupt = (): void => {
    if (effort.isFinishing()) process.exit(interruptedCode)
    say('ending after what is under way; once more ends at once')
    effort.finish()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, interrupt)
  return () => {
    for (const signal of signals) process.off(signal, interrupt)
  }
}
