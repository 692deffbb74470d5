// `npm run -s instandt -- <command>`: the one command. What an installation in Azure needs and what works over the network goes
// to apps/ops, all else works on this machine's own database and files; each half is loaded only when it is asked for.
import { archiveHelp, configSchema as opsConfig, isOpsCommand, opsHelp, runOps } from '@instandt/ops'
import { readConfig } from '@instandt/runtime'

const args = process.argv.slice(2)
const print = (text: string): void => void process.stdout.write(text)

async function main(): Promise<number> {
  if (isOpsCommand(args))
    return runOps(args, readConfig(opsConfig), { print, say: (line) => process.stderr.write(`${line}\n`) })
  if (args.length > 0 && args[0] !== 'help' && args[0] !== '--help')
    return (await import('./own-command.ts')).runOwnCommand(args, print)
  const { commandHelp } = await import('@instandt/backend')
  print(`npm run -s instandt -- <command> [options]

On this machine:

${commandHelp((name) => !isOpsCommand(name.split(' ')))}

From any machine, over the network (docs/operations.md):

${archiveHelp}
In your Azure subscription (docs/deploy-azure.md):

${opsHelp}`)
  return args.length === 0 ? 2 : 0
}

process.exitCode = await main()
