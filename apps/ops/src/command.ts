import type { ParseArgsConfig } from 'node:util'
import type { Context } from './context.ts'

export interface Command {
  help: string
  options?: NonNullable<ParseArgsConfig['options']>
  /** What its one further word is. */
  word?: string
  /** Works with an instaNDT over its interfaces, wherever it runs; knows no stack of Azure. */
  isArchive?: true
  /** The exit code: 0 done, 1 failed, 3 a person has to act first. */
  run(context: Context): Promise<number>
}

export const imagePattern = /^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/
