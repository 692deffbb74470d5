import type { z } from 'zod'

/** A wrong environment: every fault at once, each naming its variable and never its value. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`configuration is wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads a configuration out of environment variables.
 * @throws {ConfigError} listing every fault
 */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, env: Environment): z.output<Schema> {
  // `NAME=` in a compose file or a pipeline means "not set"; an empty string is no value of any of our settings.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const result = schema.safeParse(given)
  if (result.success) return result.data
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const name = issue.path.join('.') || 'environment'
      const isMissing = issue.path.length === 1 && !(String(issue.path[0]) in given)
      return `${name}: ${isMissing ? 'is not set' : issue.message}`
    }),
  )
}

/** As `parseConfig`, for a process's start: a wrong environment prints all faults to standard error and exits 1. */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: Environment = process.env): z.output<Schema> {
  try {
    return parseConfig(schema, env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
