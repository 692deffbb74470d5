import { parseArgs, type ParseArgsConfig } from 'node:util'
import { AppError } from './app-error.ts'
import { archiveCommands } from './commands/archive.ts'
import { auditCommands } from './commands/audit.ts'
import { identityCommands } from './commands/identity.ts'
import { secretCommands } from './commands/secrets.ts'
import type { Deps } from './deps.ts'
import { type ArchiveScope, readArchiveScope } from './plugins/access.ts'

/** One command of the `instandt` program. */
export interface Command {
  /** Lines of the help: the command, then its options. */
  help: string
  options: NonNullable<ParseArgsConfig['options']>
  /** The exit code. */
  run(context: CommandContext): Promise<number>
}

export interface CommandContext {
  deps: Deps
  scope: ArchiveScope
  /** Of the command line, by the names in `options`. */
  values: Record<string, string | boolean | undefined>
  print: (text: string) => void
}

/** By the words that name them. */
const commands: Record<string, Command> = {
  ...archiveCommands,
  ...identityCommands,
  ...auditCommands,
  ...secretCommands,
}

/** What each command does, and its options. */
export const commandHelp = (isWanted: (name: string) => boolean = () => true): string =>
  Object.entries(commands)
    .filter(([name]) => isWanted(name))
    .map(([, command]) => command.help)
    .join('\n')

/** Runs one command of the `instandt` program; the exit code is returned. */
export async function runCommand(
  args: string[],
  openDeps: () => Promise<{ deps: Deps; close: () => Promise<void> }>,
  print: (text: string) => void,
): Promise<number> {
  if (args.length === 0 || args[0] === 'help' || args[0] === '--help') {
    print(
      `instandt <command> [options]\n\n${commandHelp()}\n\nExit codes: 0 done, 1 failed or found faults, 2 wrong usage.\n`,
    )
    return args.length === 0 ? 2 : 0
  }
  const name = [args.slice(0, 2).join(' '), args[0] ?? ''].find((words) => Object.hasOwn(commands, words))
  const command = name === undefined ? undefined : commands[name]
  if (name === undefined || !command) {
    print(`there is no command '${args.slice(0, 2).join(' ')}'; help lists them\n`)
    return 2
  }
  let values: CommandContext['values']
  try {
    values = parseArgs({ args: args.slice(name.split(' ').length), options: command.options })
      .values as CommandContext['values']
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  const { deps, close } = await openDeps()
  try {
    return await command.run({ deps, scope: await readArchiveScope(deps.db), values, print })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    print(`\n${error.message}\n`)
    return error.code === 'wrong-usage' ? 2 : 1
  } finally {
    await close()
  }
}
