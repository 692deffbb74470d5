import type { Command } from '../command.ts'
import { type Context, whenFree } from '../context.ts'
import { runInside } from '../inside.ts'
import { OpsError } from '../ops-error.ts'

/** The registry's token comes from a person: written through Resource Manager, which the vault's firewall does not stop. */
async function registryToken(context: Context): Promise<number> {
  const value = context.config.INSTANDT_SECRET
  if (value === undefined)
    throw new OpsError(
      'put the new deploy token into INSTANDT_SECRET (read -rs INSTANDT_SECRET; export INSTANDT_SECRET)',
      2,
    )
  const { expires } = context.values
  const until = typeof expires === 'string' ? Date.parse(`${expires}T23:59:59Z`) : Number.NaN
  if (!(until > Date.now())) throw new OpsError('--expires must be the token’s last day, in the future: 2027-06-30', 2)
  const deployment = await context.deployment()
  const { registry, vault, resourceGroup } = deployment
  if (context.isDryRun) {
    context.print(
      `would write a new version of ${registry.tokenSecret} to ${vault.name}, good until ${String(expires)}\n`,
    )
    return 0
  }
  const { secrets } = await context.azure(deployment.subscriptionId).vaults()
  const attributes = { enabled: true, expires: new Date(until) }
  // The user's name is a value of the apps' own; beside the token it tells whoever looks, with the same last day.
  for (const [name, properties] of [
    [registry.tokenSecret, { value, attributes }],
    [registry.userSecret, { value: registry.user, attributes }],
  ] as const)
    await whenFree(context, () => secrets.createOrUpdate(resourceGroup, vault.name, name, { properties }))
  context.print(
    `${registry.tokenSecret} is new, for the user ${registry.user}. Containers fetch it within 30 minutes: keep the old token valid for an hour, then revoke it at ${registry.server}\n`,
  )
  return 0
}

export const rotateCommands: Record<string, Command> = {
  'rotate registry-token': {
    help: `  rotate registry-token      a new version of the deploy token, from INSTANDT_SECRET
    --expires YYYY-MM-DD     its last day`,
    options: { expires: { type: 'string' } },
    run: registryToken,
  },
  'rotate database-password': {
    help: `  rotate database-password   a new database user and password, made inside the environment`,
    async run(context) {
      const { database } = await context.deployment()
      if (database.auth === 'entra')
        throw new OpsError('this installation signs in with identities: there is no password', 2)
      return runInside(context, ['rotate', 'database-password'], { seconds: 3600 })
    },
  },
  'rotate keys': {
    help: `  rotate keys                a new encryption key, made inside the environment`,
    run: (context) => runInside(context, ['rotate', 'keys'], { seconds: 3600 }),
  },
}
