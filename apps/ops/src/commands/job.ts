import type { Command } from '../command.ts'
import { runInside } from '../inside.ts'
import { OpsError } from '../ops-error.ts'

/** Others print a secret or people's names, which must not stand in Log Analytics: the pages of the administration have them. */
const allowed = ['audit verify', 'reindex', 'sweep', 'rotate keys', 'rotate database-password', 'help']

export const jobCommand: Command = {
  help: `  job -- COMMAND   runs a command of the backend inside the environment: ${allowed.slice(0, 3).join(', ')} …
    --database-host NAME   against another server of the network, such as a restored one`,
  options: { 'database-host': { type: 'string' } },
  async run(context) {
    const { rest } = context
    const isAllowed = allowed.some((words) => `${rest.join(' ')} `.startsWith(`${words} `))
    if (!isAllowed) throw new OpsError(`name one of these after --: ${allowed.join(', ')}`, 2)
    const host = context.values['database-host']
    if (host !== undefined && !/^[a-z0-9-]+\.postgres\.database\.azure\.com$/.test(String(host)))
      throw new OpsError('--database-host is the full name of a server: NAME.postgres.database.azure.com', 2)
    return runInside(context, rest, {
      seconds: 86_400,
      databaseHost: host === undefined ? undefined : String(host),
      isLogWanted: true,
    })
  },
}
