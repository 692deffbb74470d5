import { setTimeout as sleep } from 'node:timers/promises'
import type { Azure } from './azure.ts'
import type { Config } from './config.ts'
import type { Deployment } from './deployment.ts'
import type { InfraCall, InfraResult } from './infra-process.ts'
import { describeAzure, OpsError, retryAfterOf, statusOf } from './ops-error.ts'

/** What a command works with. */
export interface Context {
  config: Config
  stack: string
  isDryRun: boolean
  isYes: boolean
  isJson: boolean
  values: Record<string, string | boolean | undefined>
  /** Words that are no options. */
  words: string[]
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

const freeSeconds = 900

/** Asks again while another operation is under way at the same resource (409), for a quarter of an hour at most. */
export async function whenFree<T>(context: Pick<Context, 'config' | 'say'>, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + freeSeconds * 1000
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await ask()
    } catch (error) {
      if (statusOf(error) !== 409 || performance.now() > deadline) throw error
      if (isFirst) context.say(`waiting: ${describeAzure(error)}`)
      await sleep((retryAfterOf(error) ?? context.config.INSTANDT_POLL_SECONDS) * 1000)
    }
  }
}

/** A number of a command line. @throws OpsError (wrong usage) */
export function numberOf(context: Pick<Context, 'values'>, name: string, least: number, most: number): number {
  const text = context.values[name]
  const value = typeof text === 'string' && text !== '' ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new OpsError(`--${name} is a number from ${least} to ${most}`, 2)
}
