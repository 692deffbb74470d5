import { type Azure, collect } from '../azure.ts'
import type { Deployment } from '../deployment.ts'
import { type Check, check, fault, type Finding, ok, warning } from './report.ts'

const day = 86_400_000

/** Closed means closed: every one of these settings, or it is a fault. */
function closed(settings: Record<string, [found: unknown, wanted: unknown]>): Finding {
  const wrong = Object.entries(settings).filter(([, [found, wanted]]) => found !== wanted)
  if (wrong.length === 0) return ok('no public way in')
  const names = wrong.map(([name, [found]]) => `${name} is ${String(found)}`).join(', ')
  return fault(`${names}: somebody opened it; deploy the platform again and find out who`)
}

/** Public access off everywhere, as Azure says it is now, whatever Pulumi once asked for. */
export async function closedChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  const { resourceGroup: group, managedEnvironment, storage, vault, database } = deployment
  return [
    await check('environment closed', async () => {
      const found = await (await azure.apps()).managedEnvironments.get(group, managedEnvironment.name)
      return closed({
        internal: [found.vnetConfiguration?.internal, true],
        // Environments of the older kind, without profiles, do not have the second one.
        ...(found.workloadProfiles?.length === 0 || found.workloadProfiles === undefined
          ? {}
          : { publicNetworkAccess: [found.publicNetworkAccess, 'Disabled'] }),
      })
    }),
    await check('storage closed', async () => {
      const found = await (await azure.storage()).storageAccounts.getProperties(group, storage.account)
      return closed({
        publicNetworkAccess: [found.publicNetworkAccess, 'Disabled'],
        allowBlobPublicAccess: [found.allowBlobPublicAccess, false],
        allowSharedKeyAccess: [found.allowSharedKeyAccess, false],
        defaultAction: [found.networkRuleSet?.defaultAction, 'Deny'],
      })
    }),
    await check('vault closed', async () => {
      const { properties: found } = await (await azure.vaults()).vaults.get(group, vault.name)
      return closed({
        publicNetworkAccess: [found.publicNetworkAccess, 'Disabled'],
        enablePurgeProtection: [found.enablePurgeProtection, true],
        enableRbacAuthorization: [found.enableRbacAuthorization, true],
        defaultAction: [found.networkAcls?.defaultAction, 'Deny'],
      })
    }),
    await check('database closed', async () => {
      const found = await (await azure.databases()).servers.get(group, database.server)
      return closed({
        publicNetworkAccess: [found.network?.publicNetworkAccess, 'Disabled'],
        ...(database.auth === 'entra' ? { passwordAuth: [found.authConfig?.passwordAuth, 'Disabled'] } : {}),
      })
    }),
  ]
}

/** Last days, standby and what one can go back to. */
export async function keptChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  const { resourceGroup: group, database, storage } = deployment
  return [
    await check('secrets', () => secretCheck(azure, deployment)),
    await check('database', async () => {
      const { state, highAvailability } = await (await azure.databases()).servers.get(group, database.server)
      if (state !== 'Ready') return fault(`state ${String(state)}; see its Resource health`)
      if (database.highAvailability === 'Disabled') return ok('ready, no standby')
      const standby = String(highAvailability?.state)
      return standby === 'Healthy'
        ? ok('ready, standby Healthy')
        : fault(`the standby is ${standby}; a failover would not work now`)
    }),
    await check('backups', async () => {
      const { backupsAutomaticAndOnDemand } = await azure.databases()
      const backups = await collect(backupsAutomaticAndOnDemand.listByServer(group, database.server))
      const newest = Math.max(0, ...backups.map((one) => one.completedTime?.getTime() ?? 0))
      if (newest === 0) return fault('there is none; ask Azure')
      const hours = Math.round((Date.now() - newest) / 3_600_000)
      return hours > 48 ? fault(`the newest is ${hours} hours old; ask Azure`) : ok(`newest ${hours} hours old`)
    }),
    await check('image store', async () => {
      const { blobServices } = await azure.storage()
      const { isVersioningEnabled, deleteRetentionPolicy } = await blobServices.getServiceProperties(
        group,
        storage.account,
      )
      if (isVersioningEnabled !== true || deleteRetentionPolicy?.enabled !== true)
        return fault(
          'versioning or soft delete is off: what is overwritten or removed is gone; deploy the platform again',
        )
      return ok(`versions kept, removed objects for ${deleteRetentionPolicy.days ?? 0} days`)
    }),
  ]
}

async function secretCheck(azure: Azure, { resourceGroup, vault, registry }: Deployment): Promise<Finding> {
  const { secrets } = await azure.vaults()
  const all = await collect(secrets.list(resourceGroup, vault.name))
  const inForce = all.filter((one) => one.properties.attributes?.enabled !== false)
  if (!inForce.some((one) => one.name === registry.tokenSecret))
    return fault(`${registry.tokenSecret} is missing or disabled: no image can be fetched; rotate registry-token`)
  const soon: string[] = []
  const over: string[] = []
  for (const { name = '', properties } of inForce) {
    const { expires } = properties.attributes ?? {}
    if (!expires) continue
    const left = Math.floor((expires.getTime() - Date.now()) / day)
    if (left < 0) over.push(name)
    else if (left < 30) soon.push(`${name} in ${left} days`)
  }
  if (over.length > 0) return fault(`run out: ${over.join(', ')}; rotate now`)
  return soon.length > 0 ? warning(`running out: ${soon.join(', ')}; rotate`) : ok('none runs out within 30 days')
}
