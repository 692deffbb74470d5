import { open, rename, rm } from 'node:fs/promises'
import { csvField } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import { codeOf } from './faults.ts'
import type { Entry, EntryState, Journal, Totals } from './journal.ts'

const columns = ['file', 'byteSize', 'sha256', 'sopInstanceUid', 'result', 'reason', 'time', 'verified'] as const
type Line = Record<(typeof columns)[number], string | number | null>

const flushedAt = 256 * 1024

/**
 * One line for each entry of the journal, in the order of their paths: CSV (RFC 4180) or JSON Lines, by the file's name.
 * @throws OpsError when it cannot be written whole; the former one stands then
 */
export async function writeReport(file: string, journal: Journal, nameOf: (path: Uint8Array) => string): Promise<void> {
  const made = `${file}.new`
  try {
    await writeLines(made, { isCsv: file.endsWith('.csv'), journal, nameOf })
    await rename(made, file)
  } catch (cause) {
    await rm(made, { force: true }).catch(() => undefined)
    const words = `the report ${file} cannot be written: ${codeOf(cause) ?? String(cause)}`
    throw new OpsError(`${words}; the journal has it all: make room and run it again`, 1, { cause })
  }
}

async function writeLines(
  file: string,
  { isCsv, journal, nameOf }: { isCsv: boolean; journal: Journal; nameOf: (path: Uint8Array) => string },
): Promise<void> {
  await using target = await open(file, 'w')
  // The mark in front tells spreadsheets that it is UTF-8.
  let text = isCsv ? `\uFEFF${columns.join(',')}\r\n` : ''
  for (const entry of journal.all()) {
    const line = lineOf(entry, nameOf(entry.path))
    text += isCsv ? `${columns.map((name) => csvField(line[name])).join(',')}\r\n` : `${JSON.stringify(line)}\n`
    if (text.length < flushedAt) continue
    // Unlike `write` it goes on when a part of it was written: a disk that is nearly full takes that without an error.
    await target.writeFile(text)
    text = ''
  }
  await target.writeFile(text)
  await target.sync()
}

const lineOf = (entry: Entry, file: string): Line => ({
  file,
  byteSize: entry.byteSize ?? null,
  sha256: entry.sha256 ?? null,
  sopInstanceUid: entry.sopInstanceUid ?? null,
  result: entry.state,
  reason: entry.reason ?? null,
  time: entry.at ?? null,
  verified: entry.verified ?? null,
})

export interface Summary {
  source: string
  target: string
  project: string | null
  files: Record<EntryState, number>
  bytes: Record<EntryState, number>
  /** Of this run alone. */
  run: { sent: number; bytes: number; seconds: number; bytesPerSecond: number }
  verified: { confirmed: number; faults: number } | null
  /** Folders, studies or series that the source did not list to their end. */
  unlisted: number
  /** Everything was listed and had its turn. */
  isComplete: boolean
  report: string | null
}

export const pick = <K extends 'files' | 'bytes'>(totals: Totals, what: K): Record<EntryState, number> =>
  Object.fromEntries(Object.entries(totals).map(([state, one]) => [state, one[what]])) as Record<EntryState, number>

const stateWords: [EntryState, string][] = [
  ['stored', 'stored and confirmed by SHA-256'],
  ['known', 'the server had them already'],
  ['refused', 'refused by the server'],
  ['failed', 'failed; another run tries again'],
  ['skipped', 'no DICOM objects'],
  ['pending', 'still to be brought in'],
]

/** For people. */
export function summaryText(summary: Summary): string {
  const { source, target, project, files, bytes, run, verified, unlisted, report } = summary
  const lines = stateWords
    .filter(([state]) => files[state] > 0)
    .map(([state, meaning]) => [state, files[state].toLocaleString('en'), formatBytes(bytes[state]), meaning] as const)
  const table = lines.map(
    ([state, count, size, meaning]) => `  ${state.padEnd(8)} ${count.padStart(12)} ${size.padStart(10)}  ${meaning}`,
  )
  return [
    `${source} -> ${target}${project === null ? '' : `, project ${project}`}`,
    ...(table.length > 0 ? table : ['  nothing found']),
    ...(unlisted > 0
      ? [`  not whole: ${unlisted.toLocaleString('en')} of its folders could not be listed to the end (see the report)`]
      : []),
    ...(verified ? [`  verified: ${verified.confirmed} confirmed, ${verified.faults} not`] : []),
    `this run: ${run.sent.toLocaleString('en')} objects, ${formatBytes(run.bytes)} in ${formatSeconds(run.seconds)} (${formatBytes(run.bytesPerSecond)}/s)`,
    ...(report === null ? [] : [`report: ${report}`]),
    '',
  ].join('\n')
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}

export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
