import { setTimeout as sleep } from 'node:timers/promises'
import type { Azure } from './azure.ts'
import type { Config } from './config.ts'
import type { Deployment } from './deployment.ts'
import type { InfraCall, InfraResult } from './infra-process.ts'
import { OpsError } from './ops-error.ts'

/** What a command works with. */
export interface Context {
  config: Config
  stack: string
  isDryRun: boolean
  isYes: boolean
  isJson: boolean
  values: Record<string, string | boolean | undefined>
  /** Words after `--`. */
  rest: string[]
  /** The result, on standard output. */
  print: (text: string) => void
  /** Progress, on standard error. */
  say: (line: string) => void
  ask: (question: string) => Promise<boolean>
  infra: (call: Omit<InfraCall, 'stack'>) => Promise<InfraResult>
  deployment: () => Promise<Deployment>
  azure: (subscriptionId: string) => Azure
}

/**
 * Looks again and again until `look` finds something.
 * @throws OpsError `message` when the time is over
 */
export async function waitFor<T>(
  context: Pick<Context, 'config'>,
  seconds: number,
  message: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new OpsError(message)
    await sleep(context.config.INSTANDT_POLL_SECONDS * 1000)
  }
}

/** Columns as wide as their widest cell. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
