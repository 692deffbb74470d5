// Switches of database, storage, directory and operation, each against the recorded graph.
import assert from 'node:assert/strict'
import { at, one } from '../graph-of.ts'
import { envOf } from '../seed/row.ts'
import { has, type Switch } from './switch.ts'

export const dataSwitches: Switch[] = [
  {
    what: 'databaseAuth password: through the vault, never in the graph',
    given: {
      databaseAuth: 'password',
      databasePassword: 'a-long-password-of-the-owner',
      databasePasswordExpires: '2027-03-31',
    },
    check(graph) {
      assert.equal(at(one(graph, 'database'), 'authConfig.passwordAuth'), 'Enabled')
      assert.doesNotMatch(JSON.stringify(graph), /a-long-password/)
      const secrets = at(one(graph, 'job-migrate'), 'configuration.secrets') as { name: string; keyVaultUrl: string }[]
      assert.match(secrets[1]?.keyVaultUrl ?? '', /\/secrets\/instandt-admin-database-url$/)
      const env = at(one(graph, 'job-migrate'), 'template.containers.0.env') as { name: string; secretRef?: string }[]
      assert.equal(env.find((one_) => one_.name === 'MIGRATE_DATABASE_URL')?.secretRef, 'admin-database-url')
      const backend = at(one(graph, 'backend'), 'template.containers.0.env') as { name: string; value?: string }[]
      assert.equal(backend.find((one_) => one_.name === 'DATABASE_AUTH')?.value, 'key-vault')
      const secret = one(graph, 'secret-instandt-admin-database-url')
      assert.equal(at(secret, 'properties.attributes.expires'), Date.parse('2027-03-31T23:59:59Z') / 1000)
      // Otherwise a new password would reach the server and not the job that signs in with it.
      assert.deepEqual(secret.ignoreChanges, [])
      assert.match(String(at(one(graph, 'vault-migrate-admin'), 'scope')), /secret-instandt-admin-database-url$/)
    },
  },
  {
    what: 'databaseRestored: everything uses the restored server, ours stays as it is',
    given: { databaseRestored: 'psql-restored' },
    check(graph) {
      const url = /@psql-restored\.postgres\.database\.azure\.com:5432\/instandt\?sslmode=verify-full$/
      for (const app of ['backend', 'job-ops']) assert.match(envOf(graph, app, 'DATABASE_URL') ?? '', url)
      assert.match(envOf(graph, 'job-migrate', 'MIGRATE_DATABASE_URL') ?? '', url)
      assert.notEqual(at(one(graph, 'database'), 'serverName'), 'psql-restored')
    },
  },
  {
    what: 'memory optimised, 20 vCores, standby in the same zone',
    given: {
      databaseTier: 'MemoryOptimized',
      databaseCores: '20',
      databaseHighAvailability: 'SameZone',
      databaseGeoBackup: 'true',
      databaseVersion: '18',
    },
    check(graph) {
      assert.deepEqual(at(one(graph, 'database'), 'sku'), { name: 'Standard_E20ds_v5', tier: 'MemoryOptimized' })
      assert.equal(at(one(graph, 'database'), 'backup.geoRedundantBackup'), 'Enabled')
      assert.equal(at(one(graph, 'database'), 'version'), '18')
    },
  },
  {
    what: 'storageImmutableDays: objects cannot be changed, the policy stays unlocked',
    given: { storageImmutableDays: '3650' },
    check(graph) {
      assert.deepEqual(at(one(graph, 'container-instandt'), 'immutableStorageWithVersioning'), { enabled: true })
      assert.equal(at(one(graph, 'immutable-instandt'), 'immutabilityPeriodSinceCreationInDays'), 3650)
    },
  },
  {
    what: 'storage tiers: hot only where no days are set',
    given: { storageCoolDays: '0', storageColdDays: '0' },
    check: (graph) =>
      assert.equal(at(one(graph, 'lifecycle'), 'policy.rules.0.definition.actions.baseBlob'), undefined),
  },
  {
    what: 'entraMode existing: nothing is made in the directory',
    given: {
      entraMode: 'existing',
      entraClientId: '44444444-4444-4444-8444-444444444444',
      entraTenantId: '55555555-5555-4555-8555-555555555555',
    },
    check(graph) {
      assert.ok(!graph.nodes.some((node) => node.type.startsWith('azuread:')))
      const env = at(one(graph, 'backend'), 'template.containers.0.env') as { name: string; value?: string }[]
      assert.equal(env.find(({ name }) => name === 'ENTRA_CLIENT_ID')?.value, '44444444-4444-4444-8444-444444444444')
      assert.equal(env.find(({ name }) => name === 'ENTRA_TENANT_ID')?.value, '55555555-5555-4555-8555-555555555555')
    },
  },
  {
    what: 'alerts false: no rules, the budget stays',
    preset: 'non-production',
    given: { alerts: 'false' },
    check(graph) {
      assert.ok(!graph.nodes.some((node) => node.name.startsWith('alert-')))
      assert.ok(has(graph, 'budget'))
      assert.ok(!has(graph, 'site-unreachable'))
    },
  },
  {
    what: 'nothing to scale and nothing kept running: no alert on the number of replicas',
    preset: 'non-production',
    given: { backendReplicas: '0', frontendReplicas: '2', frontendReplicasMost: '2' },
    check(graph) {
      assert.ok(!has(graph, 'alert-backend-replicas-missing') && has(graph, 'alert-backend-replicas-most'))
      assert.ok(has(graph, 'alert-frontend-replicas-missing') && !has(graph, 'alert-frontend-replicas-most'))
    },
  },
  {
    what: 'burstable servers are watched for their credits',
    preset: 'non-production',
    given: {},
    check(graph) {
      assert.ok(has(graph, 'alert-database-credits'))
      assert.deepEqual(at(one(graph, 'database'), 'sku'), { name: 'Standard_B2s', tier: 'Burstable' })
      assert.equal(at(one(graph, 'database'), 'highAvailability.mode'), 'Disabled')
      assert.ok(!graph.nodes.some((node) => node.protect), 'a test stage can be taken away again')
    },
  },
  {
    what: 'minimal: one of each, no alerts, still closed',
    preset: 'minimal',
    given: {},
    check(graph) {
      assert.equal(at(one(graph, 'backend'), 'template.scale.maxReplicas'), 1)
      assert.equal(at(one(graph, 'database'), 'sku.name'), 'Standard_B1ms')
      assert.equal(at(one(graph, 'firewall'), 'policySettings.mode'), 'Prevention')
    },
  },
  {
    what: 'plain values go where they belong',
    preset: 'non-production',
    given: {
      workload: 'weld',
      dataClassification: 'secret',
      addressSpace: '10.96.0.0/20',
      zoneRedundant: 'true',
      backendCpu: '1.5',
      workerCpu: '0.75',
      frontendCpu: '1',
      backendReplicas: '3',
      backendReplicasMost: '7',
      registryServer: 'registry.example.com',
      databaseStorageGb: '512',
      databaseBackupDays: '21',
      storageRedundancy: 'Standard_GZRS',
      storageDeletedDays: '45',
      storageVersionDays: '60',
      auditImmutableDays: '730',
      entraGroupRoles: '44444444-4444-4444-8444-444444444444=default:level-ii',
      localAccounts: 'true',
      alertEmail: undefined,
      alertWebhook: 'https://hooks.example.com/0815',
      monthlyBudget: '250',
      budgetStart: '2027-01-01',
      logDays: '120',
      logDailyGb: '7',
      locks: 'true',
    },
    check(graph) {
      const places: [name: string, path: string, value: unknown][] = [
        ['group', 'resourceGroupName', 'rg-weld-test-weu'],
        ['group', 'tags.dataClassification', 'secret'],
        ['vnet', 'addressSpace.addressPrefixes.0', '10.96.0.0/20'],
        ['environment', 'zoneRedundant', true],
        ['backend', 'template.containers.0.resources', { cpu: 1.5, memory: '3Gi' }],
        ['backend', 'template.containers.1.resources', { cpu: 0.75, memory: '1.5Gi' }],
        ['frontend', 'template.containers.0.resources', { cpu: 1, memory: '2Gi' }],
        ['backend', 'template.scale.minReplicas', 3],
        ['backend', 'template.scale.maxReplicas', 7],
        ['job-migrate', 'configuration.registries.0.server', 'registry.example.com'],
        ['database', 'storage.storageSizeGB', 512],
        ['database', 'backup.backupRetentionDays', 21],
        ['storage', 'sku.name', 'Standard_GZRS'],
        ['blob-service', 'deleteRetentionPolicy.days', 45],
        ['lifecycle', 'policy.rules.0.definition.actions.version.delete.daysAfterCreationGreaterThan', 60],
        ['immutable-instandt-audit', 'immutabilityPeriodSinceCreationInDays', 730],
        ['alert-group', 'emailReceivers', []],
        // Its address is its password.
        ['alert-group', 'webhookReceivers.0.serviceUri', '«secret»'],
        ['budget', 'amount', 250],
        ['budget', 'timePeriod.startDate', '2027-01-01T00:00:00Z'],
        ['budget', 'notifications.actual50.contactRoles', ['Owner']],
        ['logs', 'retentionInDays', 120],
        ['logs', 'workspaceCapping.dailyQuotaGb', 7],
      ]
      for (const [name, path, value] of places) assert.deepEqual(at(one(graph, name), path), value, `${name}.${path}`)
      assert.equal(envOf(graph, 'backend', 'LOCAL_ACCOUNTS'), 'on')
      assert.equal(
        envOf(graph, 'backend', 'ENTRA_GROUP_ROLES'),
        '44444444-4444-4444-8444-444444444444=default:level-ii',
      )
      assert.ok(has(graph, 'database-lock'))
      assert.doesNotMatch(JSON.stringify(graph), /hooks\.example\.com/, 'neither in the graph nor in its outputs')
    },
  },
]
