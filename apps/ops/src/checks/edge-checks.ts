import type { SecurityPolicyWebApplicationFirewallParameters } from '@azure/arm-cdn'
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { type Azure, collect, unlessMissing } from '../azure.ts'
import type { Config } from '../config.ts'
import type { Deployment } from '../deployment.ts'
import { listConnections } from '../connections.ts'
import { type Check, check, fault, type Finding, ok, warning } from './report.ts'

const day = 86_400_000

/** From the name people type to the link into the environment. */
export async function edgeChecks(config: Config, azure: Azure, deployment: Deployment): Promise<Check[]> {
  return [
    await check('private link', () => linkCheck(azure, deployment)),
    await check('firewall', () => firewallCheck(azure, deployment)),
    await check('firewall over every domain', () => domainsCheck(azure, deployment)),
    ...(await nameChecks(config, azure, deployment)),
  ]
}

async function linkCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const connections = await listConnections(azure, deployment)
  const strangers = connections.filter((one) => !one.isOurs && one.status === 'Approved')
  if (strangers.length > 0)
    return fault(
      `not ours and yet approved: ${strangers.map((one) => `${one.name} (${one.description})`).join(', ')}; reject it and find out who approved it`,
    )
  const ours = connections.filter((one) => one.isOurs)
  const pending = ours.filter((one) => one.status === 'Pending')
  if (pending.length > 0) return fault(`${pending.length} wait for approval: approve-link`)
  return ours.some((one) => one.status === 'Approved') ? ok('approved') : fault('there is none; deploy the platform')
}

async function firewallCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const { policies } = await azure.firewall()
  const policy = await unlessMissing(policies.get(deployment.resourceGroup, deployment.frontDoor.wafPolicy))
  if (!policy) return fault('there is no firewall policy; deploy the platform')
  const { enabledState, mode } = policy.policySettings ?? {}
  if (enabledState !== 'Enabled') return fault('is switched off; deploy the platform again')
  const sets = policy.managedRules?.managedRuleSets ?? []
  if (!sets.some((set) => set.ruleSetType === 'Microsoft_DefaultRuleSet'))
    return fault('has no managed rules; deploy the platform again')
  return mode === 'Prevention'
    ? ok(`blocks, ${sets.map((set) => `${set.ruleSetType} ${set.ruleSetVersion}`).join(', ')}`)
    : fault(`mode ${String(mode)} blocks nothing; set wafMode to Prevention and deploy`)
}

async function domainsCheck(azure: Azure, deployment: Deployment): Promise<Finding> {
  const { securityPolicies, afdEndpoints, afdCustomDomains } = await azure.frontDoor()
  const { resourceGroup: group, frontDoor } = deployment
  const covered = new Set<string>()
  for await (const { parameters } of securityPolicies.listByProfile(group, frontDoor.profile)) {
    if (parameters?.type !== 'WebApplicationFirewall') continue
    const { wafPolicy, associations = [] } = parameters as SecurityPolicyWebApplicationFirewallParameters
    // Another policy may hang there and let everything through.
    if (wafPolicy?.id?.toLowerCase().endsWith(`/${frontDoor.wafPolicy.toLowerCase()}`) !== true) continue
    for (const { domains = [], patternsToMatch = [] } of associations)
      if (patternsToMatch.includes('/*')) for (const { id = '' } of domains) covered.add(id.toLowerCase())
  }
  const domains = [
    ...(await collect(afdEndpoints.listByProfile(group, frontDoor.profile))),
    ...(await collect(afdCustomDomains.listByProfile(group, frontDoor.profile))),
  ]
  const open = domains.filter((one) => !covered.has((one.id ?? '?').toLowerCase()))
  if (open.length === 0) return ok(`${domains.length} domain(s)`)
  const names = open.map((one) => one.name).join(', ')
  return fault(`outside the firewall: ${names}; add them to the security policy or remove them`)
}

async function nameChecks(config: Config, azure: Azure, deployment: Deployment): Promise<Check[]> {
  const { frontDoor, resourceGroup, publicUrl } = deployment
  const { customDomain, customDomainName } = frontDoor
  if (customDomain === null) return [{ name: 'domain', ...warning('customDomain is off: the generated name answers') }]
  return [
    await check('DNS record', () => dnsCheck(config, customDomain, frontDoor.endpointHost)),
    await check('domain', async () => {
      const { afdCustomDomains } = await azure.frontDoor()
      const { domainValidationState: state } = await afdCustomDomains.get(
        resourceGroup,
        frontDoor.profile,
        customDomainName ?? '',
      )
      if (state === 'Approved') return ok('validated')
      const cure = 'the TXT record _dnsauth must hold the token (good for 7 days)'
      return state === 'PendingRevalidation' ? warning(`to be validated again: ${cure}`) : fault(`${state}: ${cure}`)
    }),
    await check('certificate', () => certificateCheck(new URL(publicUrl))),
  ]
}

/** An alias at the zone's own name has Front Door's addresses instead of its name. */
async function dnsCheck(config: Config, name: string, target: string): Promise<Finding> {
  const resolver = new Resolver({ timeout: 5000, tries: 2 })
  if (config.INSTANDT_NAME_SERVERS.length > 0) resolver.setServers(config.INSTANDT_NAME_SERVERS)
  const none = (): string[] => []
  const names = await resolver.resolveCname(name).catch(none)
  if (names.includes(target)) return ok(`${name} → ${target}`)
  const [own, theirs] = await Promise.all([resolver.resolve4(name).catch(none), resolver.resolve4(target).catch(none)])
  if (own.some((address) => theirs.includes(address))) return ok(`${name} has the addresses of ${target}`)
  const seen = [...names, ...own].join(', ') || 'nothing'
  return fault(`${name} leads to ${seen} as seen from here, not to ${target}; enter the record at your DNS`)
}

/** What a browser is shown; Front Door renews it by itself. */
async function certificateCheck(url: URL): Promise<Finding> {
  if (url.protocol !== 'https:') return fault(`${url.origin} is not https`)
  const host = url.hostname
  const until = await new Promise<number>((resolve, reject) => {
    const socket = connect(
      { host, port: Number(url.port || 443), ...(isIP(host) === 0 ? { servername: host } : {}), timeout: 10_000 },
      () => {
        resolve(Date.parse(socket.getPeerCertificate().valid_to))
        socket.destroy()
      },
    )
    socket.on('timeout', () => socket.destroy(new Error('no answer within 10 s')))
    socket.on('error', reject)
  }).catch((error: Error) => error)
  if (until instanceof Error)
    return fault(`${host}: ${until.message}; a new one takes minutes to hours after validation`)
  const days = Math.floor((until - Date.now()) / day)
  return days < 14 ? warning(`good for ${days} more days: see the domain at Front Door`) : ok(`good for ${days} days`)
}
