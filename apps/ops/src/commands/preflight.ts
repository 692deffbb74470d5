import type { Azure } from '../azure.ts'
import type { Command } from '../command.ts'
import { type Context, table } from '../context.ts'
import { describeAzure, OpsError } from '../ops-error.ts'

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
const makers = new Set(['8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'b24988ac-6180-42a0-ab88-20f7382dd24c'])
const givers = new Set([
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
])

export interface Check {
  name: string
  state: 'ok' | 'warning' | 'fault'
  detail: string
}

/** The whole list, as a table or as JSON; 1 where something is a fault. */
export function report(context: Context, checks: Check[]): number {
  if (context.isJson) context.print(`${JSON.stringify(checks, undefined, 2)}\n`)
  else {
    const marks = { ok: 'ok', warning: 'look', fault: 'FAULT' }
    context.print(`${table(checks.map(({ name, state, detail }) => [marks[state], name, detail]))}\n`)
  }
  return checks.some((check) => check.state === 'fault') ? 1 : 0
}

/** A check that could not be made is told as one that could not be made. */
export async function check(name: string, look: () => Promise<Omit<Check, 'name'>>): Promise<Check> {
  try {
    return { name, ...(await look()) }
  } catch (error) {
    return { name, state: 'fault', detail: `could not be checked: ${describeAzure(error)}` }
  }
}

const ok = (detail: string): Omit<Check, 'name'> => ({ state: 'ok', detail })
const fault = (detail: string): Omit<Check, 'name'> => ({ state: 'fault', detail })

async function providerChecks(context: Context, azure: Azure): Promise<Check[]> {
  const checks: Check[] = []
  for (const name of providers) {
    checks.push(
      await check(`provider ${name}`, async () => {
        const { registrationState } = await azure.resources.providers.get(name)
        if (registrationState === 'Registered') return ok('registered')
        if (context.values['register'] !== true || context.isDryRun)
          return fault(`${registrationState ?? 'unknown'}: repeat with --register, or az provider register -n ${name}`)
        await azure.resources.providers.register(name)
        return { state: 'warning', detail: 'registering now, takes minutes' }
      }),
    )
  }
  return checks
}

async function principalOf(azure: Azure, endpoint: string): Promise<string> {
  const token = await azure.credential.getToken(`${endpoint}/.default`)
  const claims = JSON.parse(Buffer.from(token?.token.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
    oid?: string
  }
  if (claims.oid === undefined) throw new OpsError('the token names nobody')
  return claims.oid
}

export const preflightCommand: Command = {
  help: `  preflight      what a subscription lacks before a first deployment
    --subscription ID, --location REGION
    --sku NAME         database size (Standard_D4ds_v5)   --zone-redundant   with a standby in another zone
    --vault NAME, --storage NAME, --endpoint NAME   names that must be free in the whole world
    --register         registers what is missing`,
  options: {
    subscription: { type: 'string' },
    location: { type: 'string' },
    sku: { type: 'string', default: 'Standard_D4ds_v5' },
    'zone-redundant': { type: 'boolean', default: false },
    vault: { type: 'string' },
    storage: { type: 'string' },
    endpoint: { type: 'string' },
    register: { type: 'boolean', default: false },
  },
  async run(context) {
    const { subscription, location, sku, vault, storage } = context.values
    if (typeof subscription !== 'string' || typeof location !== 'string')
      throw new OpsError('--subscription and --location are needed', 2)
    const azure = context.azure(subscription)
    const scope = `/subscriptions/${subscription}`
    const checks = await providerChecks(context, azure)

    checks.push(
      await check('your roles', async () => {
        const principal = await principalOf(azure, context.config.ARM_ENDPOINT)
        const assigned = await azure.list(`${scope}/providers/Microsoft.Authorization/roleAssignments`, '2022-04-01')
        const mine = assigned.filter((one) => one.properties?.['principalId'] === principal)
        const roles = mine.map((one) => String(one.properties?.['roleDefinitionId']).split('/').at(-1) ?? '')
        const missing = [
          ...(roles.some((role) => makers.has(role)) ? [] : ['Contributor']),
          ...(roles.some((role) => givers.has(role)) ? [] : ['Role Based Access Control Administrator']),
        ]
        if (missing.length === 0) return ok('can make resources and give roles')
        // A role may come through a group, which this list does not follow.
        return { state: 'warning', detail: `not seen for you: ${missing.join(', ')} (or through a group)` }
      }),
      await check(`database ${String(sku)}`, async () => {
        const found = await azure.list(
          `${scope}/providers/Microsoft.DBforPostgreSQL/locations/${location}/capabilities`,
          '2024-08-01',
        )
        const editions = found.flatMap((one) => flat(one, 'supportedServerEditions'))
        const sizes = editions.flatMap((edition) => flat(edition, 'supportedServerSkus'))
        const size = sizes.find((one) => one['name'] === sku)
        if (!size) return fault(`is not sold in ${location}; choose another size or region`)
        const modes = (size['supportedHaMode'] as string[] | undefined) ?? []
        if (context.values['zone-redundant'] === true && !modes.includes('ZoneRedundant'))
          return fault(`has no standby in another zone in ${location}; take databaseHighAvailability SameZone`)
        return ok(`sold in ${location}${modes.length > 0 ? `, standby: ${modes.join(', ')}` : ''}`)
      }),
      await check('Container Apps environments', async () => {
        const usages = await azure.list(`${scope}/providers/Microsoft.App/locations/${location}/usages`, '2025-01-01')
        const usage = usages
          .map((one) => one as unknown as { name?: { value?: string }; currentValue?: number; limit?: number })
          .find((one) => /ManagedEnvironment(Count|s)?$/i.test(one.name?.value ?? ''))
        if (!usage) return { state: 'warning', detail: `no quota is told for ${location}` }
        const { currentValue = 0, limit = 0 } = usage
        return currentValue < limit
          ? ok(`${currentValue} of ${limit} used`)
          : fault(`all ${limit} are used: ask for more quota`)
      }),
    )
    if (typeof vault === 'string')
      checks.push(
        await check(`vault ${vault}`, async () => {
          const { nameAvailable, message } = await azure.vaults.vaults.checkNameAvailability({
            name: vault,
            type: 'Microsoft.KeyVault/vaults',
          })
          if (nameAvailable === true) return ok('free')
          return fault(`${message ?? 'taken'}; a deleted vault keeps its name for 90 days: set nameSalt`)
        }),
      )
    if (typeof storage === 'string')
      checks.push(
        await check(`storage ${storage}`, async () => {
          const found = (await azure.post(`${scope}/providers/Microsoft.Storage/checkNameAvailability`, '2024-01-01', {
            name: storage,
            type: 'Microsoft.Storage/storageAccounts',
          })) as { nameAvailable?: boolean; message?: string }
          return found.nameAvailable === true ? ok('free') : fault(`${found.message ?? 'taken'}; set nameSalt`)
        }),
      )
    const { endpoint } = context.values
    if (typeof endpoint === 'string')
      checks.push(
        await check(`Front Door endpoint ${endpoint}`, async () => {
          const found = (await azure.post('/providers/Microsoft.Cdn/checkNameAvailability', '2025-06-01', {
            name: endpoint,
            type: 'Microsoft.Cdn/Profiles/AfdEndpoints',
          })) as { nameAvailable?: boolean; message?: string }
          return found.nameAvailable === true ? ok('free') : fault(`${found.message ?? 'taken'}; set nameSalt`)
        }),
      )
    return report(context, checks)
  },
}

/** A list of objects at the resource itself or in its properties. */
function flat(resource: object, key: string): Record<string, unknown>[] {
  const own = (resource as Record<string, unknown>)[key]
  const inner = (resource as { properties?: Record<string, unknown> }).properties?.[key]
  return (own ?? inner ?? []) as Record<string, unknown>[]
}
