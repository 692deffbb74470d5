import { z } from 'zod'
import { type Azure, collect } from '../azure.ts'
import { type Check, check, fault, type Finding, ok, report, warning } from '../checks/report.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { OpsError } from '../ops-error.ts'

const providers = [
  'Microsoft.App',
  'Microsoft.Cdn',
  'Microsoft.ContainerService',
  'Microsoft.DBforPostgreSQL',
  'Microsoft.Insights',
  'Microsoft.AlertsManagement',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.Network',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
]

/** Roles a deployment needs at the subscription: one that makes resources, one that gives roles. */
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
const makers = new Set([owner, 'b24988ac-6180-42a0-ab88-20f7382dd24c'])
/** Only these two may also set locks; without locks Role Based Access Control Administrator does as well. */
const givers = [owner, '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9']
const roleGiver = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'

/** What the first deployment will ask for, as infra's action `settings` tells it. */
const wantedSchema = z.object({
  subscriptionId: z.string(),
  location: z.string(),
  databaseSku: z.string(),
  databaseHighAvailability: z.enum(['ZoneRedundant', 'SameZone', 'Disabled']),
  hasLocks: z.boolean(),
  isEnvironmentNew: z.boolean(),
  names: z.object({ vault: z.string(), storage: z.string(), database: z.string() }).optional(),
})
type Wanted = z.output<typeof wantedSchema>

async function readWanted(context: Context): Promise<Wanted> {
  const { subscription, location, sku } = context.values
  if (typeof subscription === 'string' && typeof location === 'string')
    return {
      subscriptionId: subscription,
      location,
      databaseSku: String(sku),
      databaseHighAvailability: context.values['zone-redundant'] === true ? 'ZoneRedundant' : 'Disabled',
      hasLocks: true,
      isEnvironmentNew: true,
    }
  if (subscription !== undefined || location !== undefined)
    throw new OpsError('--subscription and --location belong together; without both the stack’s settings are read', 2)
  const { outputs } = await context.infra({ stackKind: 'platform', action: 'settings' })
  return wantedSchema.parse(outputs)
}

async function providerCheck(context: Context, azure: Azure, name: string): Promise<Finding> {
  const resources = await azure.resources()
  const { registrationState: state = 'unknown' } = await resources.providers.get(name)
  if (state === 'Registered') return ok('registered')
  if (state === 'Registering') return warning('is being registered, takes minutes')
  if (context.values['register'] !== true || context.isDryRun)
    return fault(`${state}: repeat with --register, or az provider register -n ${name}`)
  await resources.providers.register(name)
  return warning('registering now, takes minutes')
}

async function roleCheck(azure: Azure, { subscriptionId, hasLocks }: Wanted): Promise<Finding> {
  const caller = await azure.caller()
  const { roleAssignments } = await azure.roles()
  // At the subscription or above, not at some resource below it; also through groups.
  const filter = `atScope() and assignedTo('${caller}')`
  const assigned = await collect(roleAssignments.listForScope(`subscriptions/${subscriptionId}`, { filter }))
  const roles = assigned.map((one) => one.roleDefinitionId?.split('/').at(-1) ?? '')
  const missing = [
    ...(roles.some((role) => makers.has(role)) ? [] : ['Contributor']),
    ...(roles.some((role) => givers.includes(role) || (!hasLocks && role === roleGiver))
      ? []
      : [hasLocks ? 'User Access Administrator' : 'Role Based Access Control Administrator']),
  ]
  if (missing.length === 0) return ok(`can make resources and give roles${hasLocks ? ', and set locks' : ''}`)
  return warning(`not seen for you: ${missing.join(', ')} (a role of your own may hold the same rights)`)
}

async function databaseChecks(azure: Azure, { location, databaseSku: sku, ...wanted }: Wanted): Promise<Check[]> {
  const { capabilitiesByLocation, quotaUsages } = await azure.databases()
  const availability = wanted.databaseHighAvailability
  let cores = 0
  return [
    await check(`database ${sku}`, async () => {
      const found = await collect(capabilitiesByLocation.list(location))
      const closed = found.find((one) => one.restricted === 'Enabled')
      if (closed) return fault(`${location} is closed to this subscription: ${closed.reason ?? 'ask Azure for access'}`)
      const sizes = found
        .flatMap((one) => one.supportedServerEditions ?? [])
        .flatMap((one) => one.supportedServerSkus ?? [])
      const size = sizes.find((one) => one.name === sku)
      if (!size) return fault(`is not sold in ${location}; choose another size or region`)
      cores = size.vCores ?? 0
      const modes = size.supportedHaMode ?? []
      if (availability !== 'Disabled' && !modes.includes(availability))
        return fault(
          `has no standby ${availability} in ${location}, only: ${modes.join(', ') || 'none'}; set databaseHighAvailability`,
        )
      return ok(`sold in ${location}${modes.length > 0 ? `, standby: ${modes.join(', ')}` : ''}`)
    }),
    await check('database quota', async () => {
      const needed = cores * (availability === 'Disabled' ? 1 : 2)
      // A row of each family of sizes and one of the whole; the names differ from the sizes', so the tightest counts.
      const rows = (await collect(quotaUsages.list(location))).filter((one) => /cores/i.test(one.name?.value ?? ''))
      const left = Math.min(...rows.map((one) => (one.limit ?? 0) - (one.currentValue ?? 0)))
      if (rows.length === 0) return warning(`no quota is told for ${location}`)
      return left >= needed
        ? ok(`${left} vCores left, ${needed} needed`)
        : warning(`as few as ${left} vCores left, ${needed} needed: see Quotas in the portal, or ask for more`)
    }),
  ]
}

async function environmentCheck(azure: Azure, location: string): Promise<Finding> {
  const usages = await collect((await azure.apps()).usages.list(location))
  const usage = usages.find((one) => /ManagedEnvironment(Count|s)?$/i.test(one.name.value ?? ''))
  if (!usage) return warning(`no quota is told for ${location}`)
  const { currentValue, limit } = usage
  return currentValue < limit
    ? ok(`${currentValue} of ${limit} used`)
    : fault(`all ${limit} are used: ask for more quota`)
}

interface Availability {
  nameAvailable?: boolean | undefined
  message?: string | undefined
}

async function nameChecks(azure: Azure, names: NonNullable<Wanted['names']>): Promise<Check[]> {
  const free = ({ nameAvailable, message }: Availability, hint = ''): Finding =>
    nameAvailable === true ? ok('free') : fault(`${message ?? 'taken'}; ${hint}set nameSalt`)
  return [
    await check(`vault ${names.vault}`, async () => {
      const { vaults } = await azure.vaults()
      const asked = vaults.checkNameAvailability({ name: names.vault, type: 'Microsoft.KeyVault/vaults' })
      return free(await asked, 'a deleted vault keeps its name for 90 days: ')
    }),
    await check(`storage ${names.storage}`, async () => {
      const { storageAccounts } = await azure.storage()
      return free(
        await storageAccounts.checkNameAvailability({ name: names.storage, type: 'Microsoft.Storage/storageAccounts' }),
      )
    }),
    await check(`database ${names.database}`, async () => {
      const { nameAvailability } = await azure.databases()
      return free(
        await nameAvailability.checkGlobally({
          name: names.database,
          type: 'Microsoft.DBforPostgreSQL/flexibleServers',
        }),
      )
    }),
  ]
}

export const preflightCommand: Command = {
  help: `  preflight      what a subscription lacks before a first deployment; reads the stack's settings, or before there are any:
    --subscription ID, --location REGION
    --sku NAME         database size (Standard_D4ds_v5)   --zone-redundant   with a standby in another zone
    --register         registers the providers that are missing`,
  options: {
    subscription: { type: 'string' },
    location: { type: 'string' },
    sku: { type: 'string', default: 'Standard_D4ds_v5' },
    'zone-redundant': { type: 'boolean', default: false },
    register: { type: 'boolean', default: false },
  },
  async run(context) {
    const wanted = await readWanted(context)
    const { subscriptionId, location, names } = wanted
    const azure = context.azure(subscriptionId)
    const checks: Check[] = []
    for (const name of providers)
      checks.push(await check(`provider ${name}`, () => providerCheck(context, azure, name)))
    checks.push(await check('your roles', () => roleCheck(azure, wanted)))
    checks.push(...(await databaseChecks(azure, wanted)))
    if (wanted.isEnvironmentNew)
      checks.push(await check('Container Apps environments', () => environmentCheck(azure, location)))
    if (names) checks.push(...(await nameChecks(azure, names)))
    return report(context, checks)
  },
}
