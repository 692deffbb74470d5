import type { StackValidationPolicy } from '@pulumi/policy'
import type { Props } from './props.ts'
import { type Seen, stackRule as rule } from './rule.ts'

const of = (resources: Seen[], ...types: string[]): Seen[] =>
  resources.filter((one) => types.some((type) => one.type === `azure-native:${type}`))

/** Where a resource's own name stands among its inputs. */
const nameKeys = [
  'endpointName',
  'customDomainName',
  'accountName',
  'serverName',
  'vaultName',
  'environmentName',
  'networkSecurityGroupName',
  'natGatewayName',
]

/** Resources none of the ids names. Ids that are not known before a first deployment may name any of them. */
function outside(resources: Seen[], ids: unknown[]): Seen[] {
  const unknown = ids.filter((id) => typeof id !== 'string').length
  const named = ids.flatMap((id) => (typeof id === 'string' ? [id.replace(/\/blobServices\/default$/, '')] : []))
  const missing = resources.filter(({ name, type, props }) => {
    // A profile's children carry its name too.
    const keys = type.endsWith(':Profile') ? ['profileName'] : nameKeys
    const names = [name, ...keys.map((key) => props[key])]
    return !named.some((id) => names.includes(id.split('/').at(-1)))
  })
  return missing.length > unknown ? missing : []
}

const isProduction = (resources: Seen[]): boolean =>
  resources.some(
    (one) => one.type === 'azure-native:resources:ResourceGroup' && one.props['tags']?.preset === 'production',
  )

/** Rules about several resources together. */
export const stackRules: StackValidationPolicy[] = [
  rule('firewall-everywhere', 'The firewall covers every domain', (resources) => {
    const policies = of(resources, 'cdn:SecurityPolicy').flatMap((one) => one.props['parameters']?.associations ?? [])
    // Only where it covers all addresses of a domain.
    const whole = policies.filter((one: Props) => one['patternsToMatch']?.includes('/*'))
    const covered = whole.flatMap((one: Props) => (one['domains'] ?? []).map((domain: Props) => domain['id']))
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
    const keepers = of(resources, 'storage:StorageAccount', 'dbforpostgresql:Server', 'keyvault:Vault')
    const inside = of(resources, 'storage:BlobContainer', 'dbforpostgresql:Database')
    return [
      ...outside(keepers, locks).map(
        ({ name }) => `${name}: can be deleted by a slip of the hand; add a CanNotDelete lock`,
      ),
      ...[...keepers, ...inside]
        .filter(({ opts }) => opts?.protect !== true)
        .map(({ name }) => `${name}: may be removed by a deployment; set protect`),
    ]
  }),
  rule('logs-kept', 'Everything that decides or holds something keeps a log', (resources) => {
    const wanted = of(
      resources,
      'app:ManagedEnvironment',
      'cdn:Profile',
      'keyvault:Vault',
      'dbforpostgresql:Server',
      'storage:StorageAccount',
      'network:NetworkSecurityGroup',
      'network:NatGateway',
    )
    const uris = of(resources, 'monitor:DiagnosticSetting').map((one) => one.props['resourceUri'])
    return outside(wanted, uris).map(({ name }) => `${name}: keeps no log; add a diagnostic setting`)
  }),
  rule('roles-by-resource', 'Roles are given where they are needed, never wider', (resources) =>
    of(resources, 'authorization:RoleAssignment').flatMap(({ name, props }) => {
      const scope = String(props['scope'])
      if (/(StorageAccount|storageAccounts)\/[^/]+$/.test(scope))
        return [`${name}: gives a role on the whole account; give it at the container`]
      if (/^\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?$|\/ResourceGroup\/[^/]+$/.test(scope))
        return [`${name}: gives a role on everything there is; give it at the one resource`]
      return []
    }),
  ),
  rule('identity-each', 'What runs apart is somebody of its own', (resources) => {
    const users = new Map<unknown, string>()
    return of(resources, 'app:ContainerApp', 'app:Job').flatMap(({ name, props }) =>
      ((props['identity']?.userAssignedIdentities ?? []) as unknown[]).flatMap((id) => {
        const other = typeof id === 'string' ? users.get(id) : undefined
        users.set(id, name)
        return other === undefined ? [] : [`${name}: runs as the same identity as ${other}; give it one of its own`]
      }),
    )
  }),
  rule('link-subnet', 'A private link service finds its subnet ready', (resources) =>
    of(resources, 'network:Subnet').some((one) => one.props['privateLinkServiceNetworkPolicies'] === 'Disabled')
      ? []
      : of(resources, 'network:VirtualNetwork').map(
          ({ name }) =>
            `${name}: has no subnet with privateLinkServiceNetworkPolicies Disabled; a private link service could not be made in it`,
        ),
  ),
]
