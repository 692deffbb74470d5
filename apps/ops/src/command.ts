import type { ParseArgsConfig } from 'node:util'
import type { Context } from './context.ts'

export interface Command {
  help: string
  options?: NonNullable<ParseArgsConfig['options']>
  /** The exit code: 0 done, 1 failed, 3 a person has to act first. */
  run(context: Context): Promise<number>
}

export const imagePattern = /^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/
