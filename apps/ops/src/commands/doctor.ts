import { setTimeout as sleep } from 'node:timers/promises'
import { Resolver } from 'node:dns/promises'
import type { Azure, Resource } from '../azure.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import type { Deployment } from '../deployment.ts'
import { smokeTest } from '../smoke.ts'
import { listOurs } from './approve-link.ts'
import { type Check, check, report } from './preflight.ts'

type Finding = Omit<Check, 'name'>
const ok = (detail: string): Finding => ({ state: 'ok', detail })
const warning = (detail: string): Finding => ({ state: 'warning', detail })
const fault = (detail: string): Finding => ({ state: 'fault', detail })

const day = 86_400_000

const idsOf = (deployment: Deployment) => {
  const group = `/subscriptions/${deployment.subscriptionId}/resourceGroups/${deployment.resourceGroup}/providers`
  const profile = `${group}/Microsoft.Cdn/profiles/${deployment.frontDoor.profile}`
  return {
    storage: `${group}/Microsoft.Storage/storageAccounts/${deployment.storage.account}`,
    vault: `${group}/Microsoft.KeyVault/vaults/${deployment.vault.name}`,
    database: `${group}/Microsoft.DBforPostgreSQL/flexibleServers/${deployment.database.server}`,
    firewall: `${group}/Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/${deployment.frontDoor.wafPolicy}`,
    profile,
    endpoint: `${profile}/afdEndpoints/${deployment.frontDoor.endpoint}`,
    domain: `${profile}/customDomains/${deployment.frontDoor.customDomainName ?? ''}`,
  }
}

const value = (resource: Resource | undefined, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], resource?.properties)

/** Closed means closed: every one of these settings, or it is a fault. */
async function closed(azure: Azure, id: string, version: string, wanted: Record<string, unknown>): Promise<Finding> {
  const found = await azure.find(id, version)
  if (!found) return fault('is not there; deploy the platform')
  const wrong = Object.entries(wanted).filter(([path, good]) => value(found, path) !== good)
  if (wrong.length === 0) return ok('no public way in')
  const names = wrong.map(([path]) => `${path} is ${String(value(found, path))}`).join(', ')
  return fault(`${names}: somebody opened it; deploy the platform again and find out who`)
}

async function firewallChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  const ids = idsOf(deployment)
  return [
    await check('firewall', async () => {
      const policy = await azure.find(ids.firewall, '2024-02-01')
      if (!policy) return fault('there is no firewall policy; deploy the platform')
      const isOn = value(policy, 'policySettings.enabledState') === 'Enabled'
      const mode = String(value(policy, 'policySettings.mode'))
      if (!isOn) return fault('is switched off; deploy the platform again')
      return mode === 'Prevention'
        ? ok('blocks')
        : fault(`mode ${mode} blocks nothing; set wafMode to Prevention and deploy`)
    }),
    await check('firewall over every domain', async () => {
      const policies = await azure.list(`${ids.profile}/securityPolicies`, '2025-06-01')
      const covered = JSON.stringify(policies.map((one) => one.properties)).toLowerCase()
      const domains = [
        ...(await azure.list(`${ids.profile}/afdEndpoints`, '2025-06-01')),
        ...(await azure.list(`${ids.profile}/customDomains`, '2025-06-01')),
      ]
      const open = domains.filter((one) => !covered.includes(`"${(one.id ?? '?').toLowerCase()}"`))
      if (open.length === 0) return ok(`${domains.length} domain(s)`)
      return fault(
        `outside the firewall: ${open.map((one) => one.name).join(', ')}; add them to the security policy or remove them`,
      )
    }),
  ]
}

async function nameChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  const { customDomain, endpointHost } = deployment.frontDoor
  if (customDomain === null)
    return [{ name: 'domain', state: 'warning', detail: 'customDomain is off: the generated name answers' }]
  return [
    await check('DNS record', async () => {
      const targets = await new Resolver({ timeout: 5000, tries: 2 })
        .resolveCname(customDomain)
        .catch((): string[] => [])
      if (targets.includes(endpointHost)) return ok(`${customDomain} → ${endpointHost}`)
      return warning(
        `${customDomain} is no CNAME of ${endpointHost} as seen from here (an alias at the zone’s own name looks so too)`,
      )
    }),
    await check('certificate', async () => {
      const domain = await azure.find(idsOf(deployment).domain, '2025-06-01')
      const validation = String(value(domain, 'domainValidationState'))
      const state = String(value(domain, 'deploymentStatus'))
      if (validation !== 'Approved')
        return fault(`validation: ${validation}; the TXT record _dnsauth must hold the token (good for 7 days)`)
      return state === 'Succeeded' ? ok('validated and in place') : warning(`being put in place: ${state}`)
    }),
  ]
}

async function secretCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const soon: string[] = []
  const over: string[] = []
  for (const secret of await azure.list(`${idsOf(deployment).vault}/secrets`, '2024-11-01')) {
    const expires = value(secret, 'attributes.exp')
    if (typeof expires !== 'number') continue
    const left = Math.floor((expires * 1000 - Date.now()) / day)
    if (left < 0) over.push(secret.name ?? '')
    else if (left < 30) soon.push(`${secret.name ?? ''} in ${left} days`)
  }
  if (over.length > 0) return fault(`run out: ${over.join(', ')}; rotate now`)
  return soon.length > 0 ? warning(`running out: ${soon.join(', ')}; rotate`) : ok('none runs out within 30 days')
}

async function databaseChecks(azure: Azure, deployment: Deployment): Promise<Check[]> {
  const id = idsOf(deployment).database
  return [
    await check('database', async () => {
      const server = await azure.find(id, '2025-08-01')
      const state = String(value(server, 'state'))
      if (state !== 'Ready') return fault(`state ${state}; see its Resource health`)
      const standby = String(value(server, 'highAvailability.state'))
      const wanted = deployment.database.highAvailability
      if (wanted !== 'Disabled' && standby !== 'Healthy')
        return fault(`the standby is ${standby}; a failover would not work now`)
      return ok(wanted === 'Disabled' ? 'ready, no standby' : `ready, standby ${standby}`)
    }),
    await check('backups', async () => {
      const backups = await azure.list(`${id}/backups`, '2025-08-01')
      const newest = Math.max(
        0,
        ...backups.map((one) => Date.parse(String(value(one, 'completedTime')))).filter((at) => at > 0),
      )
      if (newest === 0) return fault('there is none; ask Azure')
      const hours = Math.round((Date.now() - newest) / 3_600_000)
      return hours > 48 ? fault(`the newest is ${hours} hours old; ask Azure`) : ok(`newest ${hours} hours old`)
    }),
  ]
}

async function appCheck(azure: Azure, deployment: Deployment, name: string): Promise<Finding> {
  const app = await azure.apps.containerApps.get(deployment.resourceGroup, name)
  const { latestRevisionName: latest, latestReadyRevisionName: ready, template } = app
  if (latest === undefined || latest !== ready)
    return fault(`${latest ?? 'no revision'} is not ready; ${ready ?? 'nothing'} serves`)
  const bare = (template?.containers ?? []).filter(
    (container) => !container.probes?.some((probe) => probe.type === 'Liveness'),
  )
  if (bare.length > 0)
    return fault(`no liveness probe: ${bare.map((container) => container.name).join(', ')}; release again`)
  const revision = await azure.apps.containerAppsRevisions.getRevision(deployment.resourceGroup, name, latest)
  if (revision.healthState !== 'Healthy') return fault(`${latest} is ${revision.healthState ?? 'of unknown health'}`)
  return ok(`${latest}, ${revision.replicas ?? 0} replica(s)`)
}

/** The newest run of the migration job, and whether it was with the image that serves. */
async function migrationCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const serving = (await azure.apps.containerApps.get(deployment.resourceGroup, deployment.apps.backend)).template
    ?.containers?.[0]?.image
  let newest: { at: number; status: string | undefined; image: string | undefined } | undefined
  for await (const one of azure.apps.jobsExecutions.list(deployment.resourceGroup, deployment.jobs.migrate)) {
    const at = one.startTime?.getTime() ?? 0
    if (!newest || at > newest.at) newest = { at, status: one.status, image: one.template?.containers?.[0]?.image }
  }
  if (!newest) return fault('has never run; use migrate')
  if (newest.status !== 'Succeeded') return fault(`last run: ${newest.status ?? 'unknown'}; see migrate`)
  return newest.image === serving
    ? ok('ran with the image that serves')
    : warning('last ran with another image than the one that serves')
}

export const doctorCommand: Command = {
  help: `  doctor         looks at a running installation, point by point`,
  async run(context: Context) {
    const deployment = await context.deployment()
    const azure = context.azure(deployment.subscriptionId)
    const ids = idsOf(deployment)
    const checks = [
      await check('from the outside', async () => {
        const first = await smokeTest(deployment)
        if (first === undefined) return ok(deployment.publicUrl)
        await sleep(1000)
        const again = await smokeTest(deployment)
        return again === undefined ? warning(`second try only: ${first}`) : fault(again)
      }),
      await check('private link', async () => {
        const ours = await listOurs(azure, deployment)
        const pending = ours.filter((one) => one.status === 'Pending')
        if (pending.length > 0) return fault(`${pending.length} wait for approval: approve-link`)
        return ours.some((one) => one.status === 'Approved')
          ? ok('approved')
          : fault('there is none; deploy the platform')
      }),
      ...(await firewallChecks(azure, deployment)),
      ...(await nameChecks(azure, deployment)),
      await check('environment closed', () =>
        closed(azure, deployment.managedEnvironment.id, '2025-02-02-preview', {
          publicNetworkAccess: 'Disabled',
          'vnetConfiguration.internal': true,
        }),
      ),
      await check('storage closed', () =>
        closed(azure, ids.storage, '2024-01-01', {
          publicNetworkAccess: 'Disabled',
          allowBlobPublicAccess: false,
          allowSharedKeyAccess: false,
        }),
      ),
      await check('vault closed', () =>
        closed(azure, ids.vault, '2024-11-01', {
          publicNetworkAccess: 'Disabled',
          enablePurgeProtection: true,
          enableRbacAuthorization: true,
        }),
      ),
      await check('database closed', () =>
        closed(azure, ids.database, '2025-08-01', { 'network.publicNetworkAccess': 'Disabled' }),
      ),
      await check('secrets', () => secretCheck(azure, deployment)),
      ...(await databaseChecks(azure, deployment)),
      await check('backend', () => appCheck(azure, deployment, deployment.apps.backend)),
      await check('frontend', () => appCheck(azure, deployment, deployment.apps.frontend)),
      await check('migration', () => migrationCheck(azure, deployment)),
    ]
    return report(context, checks)
  },
}
