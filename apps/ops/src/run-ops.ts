import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { openAzure } from './azure.ts'
import type { Command } from './command.ts'
import { approveLinkCommand } from './commands/approve-link.ts'
import { deployCommand } from './commands/deploy.ts'
import { doctorCommand } from './commands/doctor.ts'
import { importCommand } from './commands/import.ts'
import { jobCommand } from './commands/job.ts'
import { migrateCommand } from './commands/migrate.ts'
import { preflightCommand } from './commands/preflight.ts'
import { releaseCommand } from './commands/release.ts'
import { rotateCommands } from './commands/rotate.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import { type Deployment, parseDeployment } from './deployment.ts'
import { runInfra } from './infra-process.ts'
import { describeAzure, OpsError } from './ops-error.ts'

const commands: Record<string, Command> = {
  import: importCommand,
  preflight: preflightCommand,
  deploy: deployCommand,
  'approve-link': approveLinkCommand,
  migrate: migrateCommand,
  release: releaseCommand,
  ...rotateCommands,
  doctor: doctorCommand,
  job: jobCommand,
}

const common = {
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const
const commonOfAzure = {
  ...common,
  stack: { type: 'string', default: 'prod' },
  deployment: { type: 'string' },
  yes: { type: 'boolean', default: false },
} as const

/** Whether these words of a command line name one of ours. */
export const isOpsCommand = (words: string[]): boolean => nameOf(words) !== undefined

const nameOf = (words: string[]): string | undefined =>
  [words.slice(0, 2).join(' '), words[0] ?? ''].find((one) => Object.hasOwn(commands, one))

const helpOf = (isArchive: boolean): string =>
  Object.values(commands)
    .filter((command) => (command.isArchive ?? false) === isArchive)
    .map(({ help }) => help)
    .join('\n')

/** Commands that work over the interfaces of an instaNDT, wherever they run. */
export const archiveHelp = `${helpOf(true)}\n`

export const opsHelp = `${helpOf(false)}

  Each of these:
    --stack NAME       environment (prod)
    --deployment FILE  what the platform's output 'deployment' says, where Pulumi is not at hand
    --dry-run          changes nothing
    --yes              does not ask    --json   for programs

  Exit codes: 0 done, 1 failed or found faults, 2 wrong usage, 3 a person has to act first.
  An interrupted command is simply repeated. Sign in before: az login, or the variables of a service principal.
`

export interface Terminal {
  print: (text: string) => void
  say: (line: string) => void
}

/** Runs one command; the exit code is returned. */
export async function runOps(args: string[], config: Config, { print, say }: Terminal): Promise<number> {
  const words = args.slice(0, args.indexOf('--') === -1 ? undefined : args.indexOf('--'))
  if (words.length === 0 || words.includes('help') || words.includes('--help')) {
    print(`${archiveHelp}\n${opsHelp}`)
    return words.length === 0 ? 2 : 0
  }
  const name = nameOf(words)
  const command = name === undefined ? undefined : commands[name]
  if (name === undefined || !command) {
    say(`there is no command '${words.slice(0, 2).join(' ')}'; --help lists them`)
    return 2
  }
  let values: Context['values']
  let given: string[]
  try {
    const parsed = parseArgs({
      args: words.slice(name.split(' ').length),
      options: { ...(command.isArchive ? common : commonOfAzure), ...command.options },
      allowPositionals: command.word !== undefined,
    })
    values = parsed.values as Context['values']
    given = parsed.positionals
    if (command.word !== undefined && given.length !== 1) throw new Error(`'${name}' takes one word: ${command.word}`)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return 2
  }
  try {
    return await command.run(createContext(values, given, args.slice(words.length + 1), config, { print, say }))
  } catch (error) {
    say(error instanceof OpsError ? error.message : `failed: ${describeAzure(error)}`)
    return error instanceof OpsError ? error.exitCode : 1
  }
}

function createContext(
  values: Context['values'],
  words: string[],
  rest: string[],
  config: Config,
  { print, say }: Terminal,
): Context {
  const stack = String(values['stack'])
  const file = values['deployment']
  let known: Promise<Deployment> | undefined
  const infra: Context['infra'] = (call) => runInfra(config, { ...call, stack }, say)
  const load = async (): Promise<Deployment> => {
    if (typeof file === 'string') return parseDeployment(await readJson(file), file)
    const { outputs } = await infra({ stackKind: 'platform', action: 'outputs' })
    return parseDeployment(outputs['deployment'], `the platform of '${stack}'`)
  }
  return {
    config,
    stack,
    isDryRun: values['dry-run'] === true,
    isYes: values['yes'] === true,
    isJson: values['json'] === true,
    values,
    words,
    rest,
    print,
    say,
    async ask(question) {
      if (!process.stdin.isTTY) throw new OpsError('nobody can answer here: repeat with --yes', 3)
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      // Ctrl-D answers nothing, and nothing is no.
      const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
      const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed])
      terminal.close()
      return /^y(es)?$/i.test(answer.trim())
    },
    infra,
    deployment: () => (known ??= load()),
    azure: (subscriptionId) => openAzure(config, subscriptionId),
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new OpsError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, 2, {
      cause,
    })
  }
}
