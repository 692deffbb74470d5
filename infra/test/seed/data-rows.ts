import assert from 'node:assert/strict'
import { at, ofType, one, waitsFor } from '../graph-of.ts'
import { envOf, equal, idOf, type SeedRow } from './row.ts'

const contributor = /ba92f5b4-2d11-453d-a403-e96b0029c9fe$/
const secretsUser = /4633458b-17de-408a-b874-0445c86b69e6$/

export const dataRows: SeedRow[] = [
  {
    part: 'PostgreSQL',
    item: 'Flexible Server, General Purpose with a standby in another zone, in its own subnet',
    resources: ['database', 'database-instandt'],
    check(graph) {
      equal(graph, 'database', 'sku', { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' })
      equal(graph, 'database', 'highAvailability.mode', 'ZoneRedundant')
      equal(graph, 'database', 'backup', { backupRetentionDays: 35, geoRedundantBackup: 'Disabled' })
      equal(graph, 'database', 'version', '17')
      equal(graph, 'database', 'network', {
        delegatedSubnetResourceId: idOf(graph, 'subnet-database'),
        privateDnsZoneArmResourceId: idOf(graph, 'zone-database'),
        publicNetworkAccess: 'Disabled',
      })
      const ignored = one(graph, 'database').ignoreChanges
      for (const path of ['availabilityZone', 'highAvailability.standbyAvailabilityZone', 'storage.storageSizeGB'])
        assert.ok(ignored.includes(path), `${path}: a failover swaps the zones, a full disk grows`)
    },
  },
  {
    part: 'PostgreSQL',
    item: 'Entra authentication, TLS required, settings one after another',
    resources: [
      'database-admin-migrate',
      'database-require_secure_transport',
      'database-ssl_min_protocol_version',
      'database-azure.extensions',
    ],
    check(graph) {
      equal(graph, 'database', 'authConfig', {
        activeDirectoryAuth: 'Enabled',
        passwordAuth: 'Disabled',
        tenantId: '22222222-2222-4222-8222-222222222222',
      })
      equal(graph, 'database', 'administratorLogin', undefined)
      equal(graph, 'database-require_secure_transport', 'value', 'on')
      equal(graph, 'database-ssl_min_protocol_version', 'value', 'TLSv1.2')
      equal(graph, 'database-azure.extensions', 'value', 'PG_TRGM')
      const children = graph.nodes.filter((node) =>
        /dbforpostgresql:(Configuration|Administrators|Database$)/.test(node.type),
      )
      for (const child of children) {
        const others = children.filter((other) => other !== child)
        assert.ok(
          others.every((other) => waitsFor(graph, child, other) || waitsFor(graph, other, child)),
          `${child.name} is written alone`,
        )
      }
    },
  },
  {
    part: 'PostgreSQL',
    item: 'Separate identities for job and app, one per task',
    resources: ['identity-app', 'identity-frontend', 'identity-migrate', 'identity-ops'],
    check(graph) {
      const runsAs = { backend: 'app', frontend: 'frontend', 'job-migrate': 'migrate', 'job-ops': 'ops' }
      for (const [name, identity] of Object.entries(runsAs))
        equal(graph, name, 'identity.userAssignedIdentities', [idOf(graph, `identity-${identity}`)])
      equal(graph, 'database-admin-migrate', 'principalName', 'id-instandt-prod-weu-migrate')
      assert.match(envOf(graph, 'backend', 'DATABASE_URL') ?? '', /^postgres:\/\/id-instandt-prod-weu-app@/)
      assert.match(
        envOf(graph, 'job-migrate', 'MIGRATE_DATABASE_URL') ?? '',
        /^postgres:\/\/id-instandt-prod-weu-migrate@/,
      )
      const grants = ofType(graph, 'authorization:RoleAssignment').map(({ name, inputs }) => [
        name,
        String(inputs['scope']).split('/').slice(-2).join(' '),
      ])
      assert.deepEqual(Object.fromEntries(grants), {
        'vault-app': 'Vault vault',
        'vault-frontend': 'Secret secret-gitlab-registry-token',
        'vault-migrate': 'Secret secret-gitlab-registry-token',
        'vault-ops': 'Vault vault',
        'instandt-app': 'BlobContainer container-instandt',
        'instandt-ops': 'BlobContainer container-instandt',
        'instandt-audit-app': 'BlobContainer container-instandt-audit',
        'instandt-audit-ops': 'BlobContainer container-instandt-audit',
      })
    },
  },
  {
    part: 'Blob storage',
    item: 'No public access, no shared keys, private endpoint',
    resources: ['storage', 'blob-endpoint', 'blob-names'],
    check(graph) {
      equal(graph, 'storage', 'publicNetworkAccess', 'Disabled')
      equal(graph, 'storage', 'allowBlobPublicAccess', false)
      equal(graph, 'storage', 'allowSharedKeyAccess', false)
      equal(graph, 'storage', 'networkRuleSet', { defaultAction: 'Deny', bypass: 'None' })
      equal(graph, 'storage', 'minimumTlsVersion', 'TLS1_2')
      equal(graph, 'storage', 'sku.name', 'Standard_ZRS')
      equal(graph, 'blob-endpoint', 'privateLinkServiceConnections.0.groupIds', ['blob'])
      equal(graph, 'blob-endpoint', 'subnet.id', idOf(graph, 'subnet-endpoints'))
      equal(graph, 'blob-names', 'privateDnsZoneConfigs.0.privateDnsZoneId', idOf(graph, 'zone-blob'))
    },
  },
  {
    part: 'Blob storage',
    item: 'One container for DICOM objects, reached by the backend’s identity at its scope',
    resources: ['container-instandt', 'container-instandt-audit', 'instandt-app', 'instandt-audit-app'],
    check(graph) {
      equal(graph, 'container-instandt', 'publicAccess', 'None')
      equal(graph, 'instandt-app', 'scope', idOf(graph, 'container-instandt'))
      equal(graph, 'instandt-app', 'principalId', at(one(graph, 'entra-federation'), 'subject'))
      assert.match(String(at(one(graph, 'instandt-app'), 'roleDefinitionId')), contributor)
    },
  },
  {
    part: 'Blob storage',
    item: 'Versions, soft delete, lifecycle tiers, heads of the audit’s chain immutable',
    resources: ['blob-service', 'lifecycle', 'immutable-instandt-audit'],
    check(graph) {
      equal(graph, 'blob-service', 'isVersioningEnabled', true)
      equal(graph, 'blob-service', 'deleteRetentionPolicy', { enabled: true, days: 90 })
      equal(graph, 'blob-service', 'containerDeleteRetentionPolicy', { enabled: true, days: 90 })
      equal(graph, 'lifecycle', 'policy.rules.0.definition.filters.prefixMatch', ['instandt/'])
      equal(graph, 'lifecycle', 'policy.rules.0.definition.actions', {
        version: { delete: { daysAfterCreationGreaterThan: 90 } },
        baseBlob: {
          tierToCool: { daysAfterModificationGreaterThan: 90 },
          tierToCold: { daysAfterModificationGreaterThan: 365 },
        },
      })
      equal(graph, 'immutable-instandt-audit', 'immutabilityPeriodSinceCreationInDays', 3650)
      equal(graph, 'container-instandt', 'immutableStorageWithVersioning', undefined)
    },
  },
  {
    part: 'Key Vault',
    item: 'RBAC, purge protection, private endpoint, no public access',
    resources: ['vault', 'vault-endpoint', 'vault-names'],
    check(graph) {
      equal(graph, 'vault', 'properties.publicNetworkAccess', 'Disabled')
      equal(graph, 'vault', 'properties.networkAcls', { defaultAction: 'Deny', bypass: 'None' })
      equal(graph, 'vault', 'properties.enablePurgeProtection', true)
      equal(graph, 'vault', 'properties.enableRbacAuthorization', true)
      equal(graph, 'vault-endpoint', 'privateLinkServiceConnections.0.groupIds', ['vault'])
      equal(graph, 'vault-names', 'privateDnsZoneConfigs.0.privateDnsZoneId', idOf(graph, 'zone-vault'))
      assert.match(String(at(one(graph, 'vault-app'), 'roleDefinitionId')), secretsUser)
    },
  },
  {
    part: 'Key Vault',
    item: 'Secrets with a last day; rotation outside is not undone',
    resources: ['secret-gitlab-registry-token', 'secret-gitlab-registry-user', 'alert-secret-expires'],
    check(graph) {
      const expires = Date.parse('2027-06-30T23:59:59Z') / 1000
      const secrets = ofType(graph, 'keyvault:Secret')
      for (const { name } of secrets) equal(graph, name, 'properties.attributes', { enabled: true, expires })
      assert.deepEqual(one(graph, 'secret-gitlab-registry-token').ignoreChanges, [
        'properties.value',
        'properties.attributes',
      ])
    },
  },
  {
    part: 'Entra ID',
    item: 'Application, service principal, app roles, redirect addresses, federated credential',
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
      equal(graph, 'entra-service-principal', 'appRoleAssignmentRequired', true)
      equal(
        graph,
        'entra-federation',
        'issuer',
        'https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0',
      )
      equal(graph, 'entra-federation', 'audiences', ['api://AzureADTokenExchange'])
      assert.ok(!graph.nodes.some((node) => /ApplicationPassword/i.test(node.type)), 'no client secret')
    },
  },
  {
    part: 'Entra ID',
    item: 'Tenant and client id as environment variables of the backend',
    resources: ['backend'],
    check(graph) {
      for (const container of [0, 1]) {
        assert.equal(envOf(graph, 'backend', 'ENTRA_TENANT_ID', container), '22222222-2222-4222-8222-222222222222')
        assert.match(envOf(graph, 'backend', 'ENTRA_CLIENT_ID', container) ?? '', /^[0-9a-f-]{36}$/)
      }
      assert.match(envOf(graph, 'backend', 'FRONT_DOOR_ID') ?? '', /^[0-9a-f-]{36}$/)
      assert.equal(envOf(graph, 'frontend', 'ENTRA_CLIENT_ID'), undefined)
    },
  },
]
