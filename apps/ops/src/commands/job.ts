import type { Command } from '../command.ts'
import { runJob } from '../jobs.ts'
import { OpsError } from '../ops-error.ts'

export const jobCommand: Command = {
  help: `  job -- COMMAND   runs a command of the backend inside the environment: audit verify, reindex, sweep …`,
  async run(context) {
    if (context.rest.length === 0) throw new OpsError('name the command after --, such as: job -- audit verify', 2)
    const deployment = await context.deployment()
    if (context.isDryRun) {
      context.print(`would start ${deployment.jobs.ops} with: ${context.rest.join(' ')}\n`)
      return 0
    }
    const run = { job: deployment.jobs.ops, args: context.rest, mark: context.rest.join(' '), seconds: 86_400 }
    return (await runJob(context, deployment, run)) ? 0 : 1
  },
}
