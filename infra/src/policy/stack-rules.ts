import type { StackValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'

interface Seen {
  type: string
  name: string
  props: Props
  opts?: { protect?: boolean }
}

const of = (resources: Seen[], type: string): Seen[] => resources.filter((one) => one.type === `azure-native:${type}`)

/** Resources none of the ids names. Ids that are not known before a first deployment may name any of them. */
function outside(resources: Seen[], ids: unknown[]): Seen[] {
  const unknown = ids.filter((id) => typeof id !== 'string').length
  const missing = resources.filter(({ name, props }) => {
    const names = [
      name,
      props['endpointName'],
      props['customDomainName'],
      props['accountName'],
      props['serverName'],
      props['vaultName'],
    ]
    return !ids.some((id) => typeof id === 'string' && names.includes(id.split('/').at(-1)))
  })
  return missing.length > unknown ? missing : []
}

function rule(name: string, description: string, faultsOf: (resources: Seen[]) => string[]): StackValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: 'mandatory',
    validateStack(args, report) {
      for (const fault of faultsOf(args.resources)) report(fault)
    },
  }
}

const isProduction = (resources: Seen[]): boolean =>
  resources.some(
    (one) => one.type === 'azure-native:resources:ResourceGroup' && one.props['tags']?.preset === 'production',
  )

/** Rules about several resources together. */
export const stackRules: StackValidationPolicy[] = [
  rule('firewall-everywhere', 'The firewall covers every domain', (resources) => {
    const policies = of(resources, 'cdn:SecurityPolicy').flatMap((one) => one.props['parameters']?.associations ?? [])
    const covered = policies.flatMap((one: Props) => (one['domains'] ?? []).map((domain: Props) => domain['id']))
    const domains = [...of(resources, 'cdn:AFDEndpoint'), ...of(resources, 'cdn:AFDCustomDomain')]
    return outside(domains, covered).map(
      ({ name }) => `${name}: is a domain outside the firewall; add it to the domains of the security policy`,
    )
  }),
  rule('ingress-inside', 'Apps are reachable from the network only', (resources) => {
    const environments = of(resources, 'app:ManagedEnvironment')
    const isOpen = environments.some(
      ({ props }) => props['vnetConfiguration']?.internal !== true || props['publicNetworkAccess'] !== 'Disabled',
    )
    return of(resources, 'app:ContainerApp').flatMap(({ name, props }) => {
      const isExternal = props['configuration']?.ingress?.external === true
      if (isExternal && isOpen)
        return [
          `${name}: has ingress.external in an environment with a public address, which opens it to the internet; close the environment (internal, publicNetworkAccess Disabled)`,
        ]
      if (!isExternal)
        return [
          `${name}: has ingress.external false, so Front Door’s link cannot reach it; in an internal environment external means the network, set it to true`,
        ]
      return []
    })
  }),
  rule('production-database', 'Production has a standby and no burstable server', (resources) =>
    !isProduction(resources)
      ? []
      : of(resources, 'dbforpostgresql:Server').flatMap(({ name, props }) => [
          ...(props['sku']?.tier === 'Burstable' ? [`${name}: is Burstable in production; take General Purpose`] : []),
          ...(props['highAvailability']?.mode === 'Disabled'
            ? [`${name}: has no standby in production; set highAvailability.mode`]
            : []),
        ]),
  ),
  rule('production-firewall', 'Production blocks', (resources) =>
    !isProduction(resources)
      ? []
      : of(resources, 'frontdoor:Policy')
          .filter(({ props }) => props['policySettings']?.mode !== 'Prevention')
          .map(({ name }) => `${name}: only counts attacks in production; set policySettings.mode to Prevention`),
  ),
  rule('production-keeps-data', 'Production’s data is behind locks', (resources) => {
    if (!isProduction(resources)) return []
    const locks = of(resources, 'authorization:ManagementLockByScope').map((one) => one.props['scope'])
    const keepers = ['storage:StorageAccount', 'dbforpostgresql:Server', 'keyvault:Vault'].flatMap((type) =>
      of(resources, type),
    )
    return outside(keepers, locks).map(
      ({ name }) => `${name}: can be deleted by a slip of the hand; add a CanNotDelete lock`,
    )
  }),
  rule('identities-by-container', 'Nobody has a role on the whole storage account', (resources) =>
    of(resources, 'authorization:RoleAssignment')
      .filter(({ props }) => /StorageAccount\/[^/]+$|storageAccounts\/[^/]+$/.test(String(props['scope'])))
      .map(({ name }) => `${name}: gives a role on the whole account; give it at the container`),
  ),
  rule('link-subnet', 'A private link service finds its subnet ready', (resources) =>
    of(resources, 'network:Subnet').some((one) => one.props['privateLinkServiceNetworkPolicies'] === 'Disabled')
      ? []
      : of(resources, 'network:VirtualNetwork').map(
          ({ name }) =>
            `${name}: has no subnet with privateLinkServiceNetworkPolicies Disabled; a private link service could not be made in it`,
        ),
  ),
]
