// What an installation must have, row by row: docs/deploy-azure.md shows the same table, and a test compares the two.
import assert from 'node:assert/strict'
import { at, ofType, one, type Recorded, waitsFor } from './graph-of.ts'

export interface SeedRow {
  item: string
  /** Names in the recorded graph of `production`. */
  resources: string[]
  check: (graph: Recorded) => void
}

const equal = (graph: Recorded, name: string, path: string, value: unknown): void =>
  assert.deepEqual(at(one(graph, name), path), value, `${name}.${path}`)

const idOf = (graph: Recorded, name: string): string => {
  const node = one(graph, name)
  return `/recorded/${node.type.replaceAll(':', '/')}/${node.name}`
}

export const seed: SeedRow[] = [
  {
    item: 'Virtual network with a subnet for each part',
    resources: ['vnet', 'subnet-apps', 'subnet-database', 'subnet-endpoints', 'subnet-link'],
    check(graph) {
      equal(graph, 'subnet-apps', 'delegations.0.serviceName', 'Microsoft.App/environments')
      equal(graph, 'subnet-database', 'delegations.0.serviceName', 'Microsoft.DBforPostgreSQL/flexibleServers')
      equal(graph, 'subnet-link', 'privateLinkServiceNetworkPolicies', 'Disabled')
      const subnets = ['subnet-apps', 'subnet-database', 'subnet-endpoints', 'subnet-link'].map((name) =>
        one(graph, name),
      )
      for (const [index, subnet] of subnets.slice(1).entries())
        assert.ok(
          waitsFor(graph, subnet, subnets[index] as (typeof subnets)[number]),
          `${subnet.name} waits for the one before`,
        )
    },
  },
  {
    item: 'Security groups with only the needed flows',
    resources: ['nsg-apps', 'nsg-database', 'nsg-endpoints', 'nsg-link'],
    check(graph) {
      for (const part of ['apps', 'database', 'endpoints']) {
        const rules = at(one(graph, `nsg-${part}`), 'securityRules') as {
          direction: string
          access: string
          destinationAddressPrefix: string
          priority: number
        }[]
        const inbound = rules.filter((rule) => rule.direction === 'Inbound')
        assert.equal(inbound.at(-1)?.access, 'Deny', `${part}: the last inbound rule`)
        assert.ok(!inbound.some((rule) => rule.access === 'Allow' && rule.destinationAddressPrefix === '*'))
        assert.equal(new Set(rules.map((rule) => rule.priority)).size, rules.length)
      }
    },
  },
  {
    item: 'Fixed address for what goes out',
    resources: ['nat', 'nat-address'],
    check: (graph) => equal(graph, 'subnet-apps', 'natGateway.id', idOf(graph, 'nat')),
  },
  {
    item: 'Private DNS zones and their links',
    resources: [
      'zone-blob',
      'zone-blob-link',
      'zone-vault',
      'zone-vault-link',
      'zone-database',
      'zone-database-link',
      'zone-apps',
      'zone-apps-link',
      'zone-apps-all',
      'zone-apps-apex',
    ],
    check(graph) {
      equal(graph, 'zone-blob', 'privateZoneName', 'privatelink.blob.core.windows.net')
      equal(graph, 'zone-vault', 'privateZoneName', 'privatelink.vaultcore.azure.net')
      equal(graph, 'zone-apps', 'privateZoneName', 'lively-sea-1a2b3c4d.westeurope.azurecontainerapps.io')
      equal(graph, 'zone-apps-all', 'aRecords.0.ipv4Address', '10.40.0.62')
      assert.match(String(at(one(graph, 'zone-database'), 'privateZoneName')), /\.postgres\.database\.azure\.com$/)
      assert.ok(
        waitsFor(graph, one(graph, 'database'), one(graph, 'zone-database-link')),
        'the server waits for its zone',
      )
    },
  },
  {
    item: 'Internal Container Apps environment with a workload profile',
    resources: ['environment', 'environment-diagnostics'],
    check(graph) {
      equal(graph, 'environment', 'vnetConfiguration', {
        infrastructureSubnetId: idOf(graph, 'subnet-apps'),
        internal: true,
      })
      equal(graph, 'environment', 'publicNetworkAccess', 'Disabled')
      equal(graph, 'environment', 'workloadProfiles', [{ name: 'Consumption', workloadProfileType: 'Consumption' }])
      equal(graph, 'environment', 'zoneRedundant', true)
    },
  },
  {
    item: 'App backend: server and worker of one image',
    resources: ['backend'],
    check(graph) {
      const containers = at(one(graph, 'backend'), 'template.containers') as {
        name: string
        image: string
        probes: { type: string }[]
      }[]
      assert.deepEqual(
        containers.map((container) => container.name),
        ['server', 'worker'],
      )
      assert.equal(new Set(containers.map((container) => container.image)).size, 1)
      assert.deepEqual(
        containers[0]?.probes.map((probe) => probe.type),
        ['Startup', 'Readiness', 'Liveness'],
      )
      equal(graph, 'backend', 'configuration.ingress.external', true)
      equal(graph, 'backend', 'template.scale.minReplicas', 2)
      equal(graph, 'backend', 'template.scale.maxReplicas', 10)
      equal(graph, 'backend', 'template.terminationGracePeriodSeconds', 300)
      equal(graph, 'backend', 'template.revisionSuffix', 'raaaaaaaaaa')
    },
  },
  {
    item: 'App frontend',
    resources: ['frontend'],
    check(graph) {
      equal(graph, 'frontend', 'template.containers.0.command', ['node', 'apps/frontend/src/server-main.ts'])
      equal(graph, 'frontend', 'configuration.ingress.targetPort', 8080)
      assert.ok(
        waitsFor(graph, one(graph, 'frontend'), one(graph, 'backend')),
        'pages come after the routes they ask for',
      )
    },
  },
  {
    item: 'Job migrate: by hand, never repeated',
    resources: ['job-migrate'],
    check(graph) {
      equal(graph, 'job-migrate', 'configuration.triggerType', 'Manual')
      equal(graph, 'job-migrate', 'configuration.replicaRetryLimit', 0)
      equal(graph, 'job-migrate', 'identity.userAssignedIdentities', [idOf(graph, 'identity-migrate')])
      assert.ok(waitsFor(graph, one(graph, 'job-migrate'), one(graph, 'database-admin-migrate')))
    },
  },
  {
    item: 'Job ops: for what needs the private network',
    resources: ['job-ops'],
    check(graph) {
      equal(graph, 'job-ops', 'configuration.triggerType', 'Manual')
      equal(graph, 'job-ops', 'template.containers.0.command', ['node', 'apps/backend/src/cli.ts'])
      equal(graph, 'job-ops', 'identity.userAssignedIdentities', [idOf(graph, 'identity-ops')])
    },
  },
  {
    item: 'Images by digest from a private GitLab registry, its token in the key vault',
    resources: ['secret-gitlab-registry-token', 'vault-app', 'vault-migrate', 'vault-ops'],
    check(graph) {
      for (const name of ['backend', 'frontend', 'job-migrate', 'job-ops']) {
        const [secret] = at(one(graph, name), 'configuration.secrets') as {
          name: string
          keyVaultUrl: string
          identity: string
          value?: string
        }[]
        assert.match(
          secret?.keyVaultUrl ?? '',
          /^https:\/\/kv-[a-z0-9-]+\.vault\.azure\.net\/secrets\/gitlab-registry-token$/,
        )
        assert.ok(secret?.identity)
        equal(graph, name, 'configuration.registries', [
          { server: 'registry.gitlab.com', username: 'gitlab+deploy-token-1', passwordSecretRef: secret?.name },
        ])
        assert.match(String(at(one(graph, name), 'template.containers.0.image')), /@sha256:[0-9a-f]{64}$/)
      }
      assert.ok(waitsFor(graph, one(graph, 'job-migrate'), one(graph, 'vault-migrate')), 'the role comes first')
      assert.ok(
        waitsFor(graph, one(graph, 'job-migrate'), one(graph, 'vault-names')),
        'the vault’s name resolves first',
      )
      assert.doesNotMatch(JSON.stringify(graph), /glpat-/, 'the token’s value is nowhere')
    },
  },
  {
    item: 'Front Door Premium, routes to both apps',
    resources: [
      'front-door',
      'front-door-endpoint',
      'origins-backend',
      'origins-frontend',
      'route-backend',
      'route-frontend',
      'front-door-diagnostics',
    ],
    check(graph) {
      equal(graph, 'front-door', 'sku.name', 'Premium_AzureFrontDoor')
      equal(graph, 'front-door', 'originResponseTimeoutSeconds', 240)
      equal(graph, 'route-backend', 'patternsToMatch', ['/api', '/api/*', '/dicom-web', '/dicom-web/*', '/health/live'])
      equal(graph, 'route-frontend', 'patternsToMatch', ['/*'])
      for (const part of ['backend', 'frontend']) {
        assert.ok(waitsFor(graph, one(graph, `route-${part}`), one(graph, `origin-${part}`)))
        assert.ok(
          waitsFor(graph, one(graph, `route-${part}`), one(graph, 'firewall-everywhere')),
          'no route before its firewall',
        )
        equal(graph, `route-${part}`, 'cacheConfiguration', undefined)
        equal(graph, `route-${part}`, 'linkToDefaultDomain', 'Disabled')
      }
    },
  },
  {
    item: 'Web application firewall over every domain',
    resources: ['firewall', 'firewall-everywhere'],
    check(graph) {
      equal(graph, 'firewall', 'policySettings.mode', 'Prevention')
      const sets = at(one(graph, 'firewall'), 'managedRules.managedRuleSets') as { ruleSetType: string }[]
      assert.deepEqual(
        sets.map((set) => set.ruleSetType),
        ['Microsoft_DefaultRuleSet', 'Microsoft_BotManagerRuleSet'],
      )
      const exceptions = at(one(graph, 'firewall'), 'managedRules.exceptionsList.exceptions') as {
        matchValues: string[]
        scopes: { ruleGroupScopes: { ruleGroupName: string; ruleScopes: object[] }[] }[]
      }[]
      assert.ok(
        exceptions.length > 0 &&
          exceptions.every((one_) =>
            one_.matchValues.every((value) => /^https:\/\/ndt\.example\.com(:443)?\/(api|dicom-web)\//.test(value)),
          ),
      )
      for (const exception of exceptions)
        assert.ok((exception.scopes[0]?.ruleGroupScopes[0]?.ruleScopes.length ?? 0) > 0, 'named rules only')
      equal(graph, 'firewall-everywhere', 'parameters.associations.0.domains', [
        { id: idOf(graph, 'front-door-endpoint') },
        { id: idOf(graph, 'custom-domain') },
      ])
    },
  },
  {
    item: 'Private link from Front Door to the environment',
    resources: ['origin-backend', 'origin-frontend'],
    check(graph) {
      for (const part of ['backend', 'frontend']) {
        const name = `origin-${part}`
        const link = at(one(graph, name), 'sharedPrivateLinkResource') as Record<string, unknown>
        assert.deepEqual(link['privateLink'], { id: idOf(graph, 'environment') })
        assert.equal(link['groupId'], 'managedEnvironments')
        assert.match(String(link['requestMessage']), /^instandt prod [0-9a-f]{5}$/)
        equal(graph, name, 'originHostHeader', at(one(graph, name), 'hostName'))
        assert.match(String(at(one(graph, name), 'hostName')), new RegExp(`^ca-instandt-prod-${part}\\.`))
      }
    },
  },
  {
    item: 'Public DNS zone, records and managed certificate',
    resources: ['zone-public', 'record-cname', 'record-txt', 'custom-domain'],
    check(graph) {
      equal(graph, 'record-cname', 'relativeRecordSetName', 'ndt')
      equal(graph, 'record-txt', 'relativeRecordSetName', '_dnsauth.ndt')
      equal(graph, 'custom-domain', 'tlsSettings', {
        certificateType: 'ManagedCertificate',
        minimumTlsVersion: 'TLS12',
      })
    },
  },
  {
    item: 'PostgreSQL Flexible Server, General Purpose with a standby in another zone',
    resources: [
      'database',
      'database-instandt',
      'database-admin-migrate',
      'database-require_secure_transport',
      'database-azure.extensions',
    ],
    check(graph) {
      equal(graph, 'database', 'sku', { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' })
      equal(graph, 'database', 'highAvailability.mode', 'ZoneRedundant')
      equal(graph, 'database', 'backup.backupRetentionDays', 35)
      equal(graph, 'database', 'network.delegatedSubnetResourceId', idOf(graph, 'subnet-database'))
      equal(graph, 'database', 'authConfig.passwordAuth', 'Disabled')
      equal(graph, 'database-require_secure_transport', 'value', 'on')
      const children = graph.nodes.filter((node) =>
        /dbforpostgresql:(Configuration|Administrators|Database$)/.test(node.type),
      )
      for (const child of children.slice(1)) {
        const others = children.filter((other) => other !== child)
        assert.ok(
          others.every((other) => waitsFor(graph, child, other) || waitsFor(graph, other, child)),
          `${child.name} is written alone`,
        )
      }
    },
  },
  {
    item: 'Blob storage reached by identities only',
    resources: [
      'storage',
      'blob-service',
      'container-instandt',
      'container-instandt-audit',
      'lifecycle',
      'blob-endpoint',
      'blob-names',
      'instandt-app',
      'blob-diagnostics',
    ],
    check(graph) {
      equal(graph, 'storage', 'publicNetworkAccess', 'Disabled')
      equal(graph, 'storage', 'allowSharedKeyAccess', false)
      equal(graph, 'storage', 'sku.name', 'Standard_ZRS')
      equal(graph, 'blob-service', 'deleteRetentionPolicy', { enabled: true, days: 90 })
      equal(graph, 'instandt-app', 'scope', idOf(graph, 'container-instandt'))
      equal(graph, 'blob-endpoint', 'privateLinkServiceConnections.0.groupIds', ['blob'])
      for (const role of ofType(graph, 'authorization:RoleAssignment'))
        assert.match(String(role.inputs['scope']), /BlobContainer|Vault/, `${role.name} is at a container or the vault`)
    },
  },
  {
    item: 'Key Vault without a public way in',
    resources: ['vault', 'vault-endpoint', 'vault-names', 'vault-diagnostics'],
    check(graph) {
      equal(graph, 'vault', 'properties.publicNetworkAccess', 'Disabled')
      equal(graph, 'vault', 'properties.enablePurgeProtection', true)
      equal(graph, 'vault', 'properties.enableRbacAuthorization', true)
      equal(graph, 'vault-endpoint', 'privateLinkServiceConnections.0.groupIds', ['vault'])
      equal(
        graph,
        'secret-gitlab-registry-token',
        'properties.attributes.expires',
        Date.parse('2027-06-30T23:59:59Z') / 1000,
      )
      assert.ok(
        one(graph, 'secret-gitlab-registry-token').ignoreChanges.includes('properties.value'),
        'rotation survives',
      )
    },
  },
  {
    item: 'Entra ID application with roles and a federated credential',
    resources: ['entra-application', 'entra-service-principal', 'entra-federation'],
    check(graph) {
      const roles = at(one(graph, 'entra-application'), 'appRoles') as { value: string }[]
      assert.deepEqual(
        roles.map((role) => role.value),
        ['Administrator', 'LevelIII', 'LevelII', 'LevelI', 'Viewer', 'Sender', 'Reader'],
      )
      equal(graph, 'entra-application', 'web.redirectUris', [
        'https://ndt.example.com/api/sign-in/entra/callback',
        'https://ndt.example.com/sign-in',
      ])
      const env = at(one(graph, 'backend'), 'template.containers.0.env') as { name: string; value?: string }[]
      const value = (name: string) => env.find((variable) => variable.name === name)?.value
      assert.equal(value('ENTRA_TENANT_ID'), '22222222-2222-4222-8222-222222222222')
      assert.match(value('ENTRA_CLIENT_ID') ?? '', /^[0-9a-f-]{36}$/)
      assert.match(value('FRONT_DOOR_ID') ?? '', /^[0-9a-f-]{36}$/)
    },
  },
  {
    item: 'User-assigned identities, one per task',
    resources: ['identity-app', 'identity-migrate', 'identity-ops'],
    check(graph) {
      equal(graph, 'backend', 'identity.userAssignedIdentities', [idOf(graph, 'identity-app')])
      const migrateRoles = ofType(graph, 'authorization:RoleAssignment').filter((role) =>
        role.name.endsWith('-migrate'),
      )
      assert.deepEqual(
        migrateRoles.map((role) => role.name),
        ['vault-migrate'],
        'what changes the schema reads no images',
      )
    },
  },
  {
    item: 'Logs, traces and metrics',
    resources: ['logs', 'insights'],
    check(graph) {
      equal(graph, 'logs', 'retentionInDays', 90)
      equal(graph, 'environment', 'openTelemetryConfiguration.tracesConfiguration.destinations', ['appInsights'])
      assert.deepEqual(
        ofType(graph, 'monitor:DiagnosticSetting')
          .map((node) => node.name)
          .sort(),
        [
          'blob-diagnostics',
          'database-diagnostics',
          'environment-diagnostics',
          'front-door-diagnostics',
          'vault-diagnostics',
        ],
      )
    },
  },
  {
    item: 'Alerts, who is told, and the budget',
    resources: [
      'alert-group',
      'alert-site-down',
      'alert-database-down',
      'alert-migration-failed',
      'alert-backend-restarts',
      'budget',
    ],
    check(graph) {
      equal(graph, 'alert-group', 'emailReceivers.0.emailAddress', 'ndt-operations@example.com')
      const rules = graph.nodes.filter((node) => node.name.startsWith('alert-') && node.name !== 'alert-group')
      for (const rule of rules)
        assert.match(JSON.stringify(rule.inputs['actions']), /alert-group/, `${rule.name} tells somebody`)
      equal(graph, 'budget', 'amount', 1500)
    },
  },
  {
    item: 'Locks on what holds data',
    resources: ['storage-lock', 'database-lock', 'vault-lock'],
    check(graph) {
      for (const name of ['storage', 'database', 'vault', 'container-instandt', 'database-instandt']) {
        assert.equal(one(graph, name).protect, true, `${name} is protected`)
        assert.equal(one(graph, name).retainOnDelete, true, `${name} stays`)
      }
    },
  },
]
