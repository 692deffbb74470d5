import assert from 'node:assert/strict'
import { at, one, waitsFor } from '../graph-of.ts'
import { envOf, equal, idOf, type SeedRow } from './row.ts'

const part = 'Container Apps'

const probes = (graph: Parameters<typeof one>[0], name: string, container: number): string[] => {
  const found = at(one(graph, name), `template.containers.${container}.probes`) as {
    type: string
    httpGet: { path: string; port: number }
  }[]
  return found.map(({ type, httpGet }) => `${type} ${httpGet.port}${httpGet.path}`)
}

export const appRows: SeedRow[] = [
  {
    part,
    item: 'Internal environment with a workload profile, no public access',
    resources: ['environment'],
    check(graph) {
      equal(graph, 'environment', 'vnetConfiguration', {
        infrastructureSubnetId: idOf(graph, 'subnet-apps'),
        internal: true,
      })
      equal(graph, 'environment', 'publicNetworkAccess', 'Disabled')
      equal(graph, 'environment', 'workloadProfiles', [{ name: 'Consumption', workloadProfileType: 'Consumption' }])
      equal(graph, 'environment', 'zoneRedundant', true)
      equal(graph, 'environment', 'peerTrafficConfiguration.encryption.enabled', true)
      assert.equal(one(graph, 'environment').protect, true, 'its subnet and kind cannot be changed, only replaced')
    },
  },
  {
    part,
    item: 'App backend: server and worker of one image',
    resources: ['backend'],
    check(graph) {
      const containers = at(one(graph, 'backend'), 'template.containers') as { name: string; image: string }[]
      assert.deepEqual(
        containers.map((container) => container.name),
        ['server', 'worker'],
      )
      assert.equal(new Set(containers.map((container) => container.image)).size, 1)
      equal(graph, 'backend', 'template.containers.0.command', ['node', 'apps/backend/src/main.ts'])
      equal(graph, 'backend', 'template.containers.1.command', ['node', 'apps/backend/src/worker.ts'])
      equal(graph, 'backend', 'template.containers.0.resources', { cpu: 1, memory: '2Gi' })
      assert.match(String(at(one(graph, 'backend'), 'template.revisionSuffix')), /^raaaaaa/, 'named after its digest')
      equal(graph, 'backend', 'configuration.activeRevisionsMode', 'Single')
      // Their addresses are private; whoever asked stands before them in X-Forwarded-For.
      assert.match(
        envOf(graph, 'backend', 'TRUSTED_PROXIES') ?? '',
        /10\.0\.0\.0\/8.*100\.64\.0\.0\/10.*10\.40\.0\.0\/22/,
      )
    },
  },
  {
    part,
    item: 'App frontend',
    resources: ['frontend'],
    check(graph) {
      equal(graph, 'frontend', 'template.containers.0.command', ['node', 'apps/frontend/src/server-main.ts'])
      equal(graph, 'frontend', 'configuration.ingress.targetPort', 8080)
      assert.ok(
        waitsFor(graph, one(graph, 'frontend'), one(graph, 'backend')),
        'pages come after the routes they ask for',
      )
      const names = (at(one(graph, 'frontend'), 'template.containers.0.env') as { name: string }[]).map(
        ({ name }) => name,
      )
      assert.ok(
        !names.some((name) => /DATABASE|STORAGE|VAULT|ENTRA|AZURE/.test(name)),
        'knows neither database nor store',
      )
    },
  },
  {
    part,
    item: 'Ingress reachable only inside',
    resources: ['backend', 'frontend'],
    check(graph) {
      for (const name of ['backend', 'frontend']) {
        // In an internal environment: from its network, which the link comes through; there is no public address.
        equal(graph, name, 'configuration.ingress.external', true)
        equal(graph, name, 'configuration.ingress.allowInsecure', false)
        equal(graph, name, 'environmentId', idOf(graph, 'environment'))
      }
    },
  },
  {
    part,
    item: 'Probes, scaling rules, graceful termination',
    resources: ['backend', 'frontend'],
    check(graph) {
      assert.deepEqual(probes(graph, 'backend', 0), [
        'Startup 8080/health/live',
        'Readiness 8080/health/ready',
        'Liveness 8080/health/live',
      ])
      assert.deepEqual(probes(graph, 'backend', 1), ['Startup 8081/health/live', 'Liveness 8081/health/live'])
      assert.equal(envOf(graph, 'backend', 'WORKER_PORT', 1), '8081')
      assert.deepEqual(probes(graph, 'frontend', 0), [
        'Startup 8080/health/live',
        'Readiness 8080/health/live',
        'Liveness 8080/health/live',
      ])
      const rules = (concurrentRequests: string) => [{ name: 'requests', http: { metadata: { concurrentRequests } } }]
      equal(graph, 'backend', 'template.scale', { minReplicas: 2, maxReplicas: 10, rules: rules('40') })
      equal(graph, 'frontend', 'template.scale', { minReplicas: 2, maxReplicas: 6, rules: rules('100') })
      // Longer than the 240 s any request through Front Door may take.
      equal(graph, 'backend', 'template.terminationGracePeriodSeconds', 300)
      equal(graph, 'frontend', 'template.terminationGracePeriodSeconds', 30)
      for (const container of [0, 1]) {
        const told = Number(envOf(graph, 'backend', 'SHUTDOWN_SECONDS', container))
        assert.ok(
          told > 240 && told < 300,
          'the process ends by itself, after its uploads and before the platform ends it',
        )
      }
      assert.equal(envOf(graph, 'backend', 'SHUTDOWN_DELAY_SECONDS'), '10')
    },
  },
  {
    part,
    item: 'Job migrate: by hand, never repeated',
    resources: ['job-migrate'],
    check(graph) {
      equal(graph, 'job-migrate', 'configuration.triggerType', 'Manual')
      equal(graph, 'job-migrate', 'configuration.replicaRetryLimit', 0)
      equal(graph, 'job-migrate', 'configuration.manualTriggerConfig', { parallelism: 1, replicaCompletionCount: 1 })
      equal(graph, 'job-migrate', 'template.containers.0.command', ['node', 'apps/migrate/src/main.ts'])
      assert.ok(waitsFor(graph, one(graph, 'job-migrate'), one(graph, 'database-admin-migrate')))
      assert.equal(envOf(graph, 'job-migrate', 'APP_IDENTITIES'), 'id-instandt-prod-weu-app,id-instandt-prod-weu-ops')
    },
  },
  {
    part,
    item: 'Job ops: for what needs the private network',
    resources: ['job-ops'],
    check(graph) {
      equal(graph, 'job-ops', 'configuration.triggerType', 'Manual')
      equal(graph, 'job-ops', 'configuration.replicaRetryLimit', 0)
      equal(graph, 'job-ops', 'template.containers.0.command', ['node', 'apps/backend/src/cli.ts'])
    },
  },
  {
    part,
    item: 'Images by digest from a private GitLab registry; user and token in the key vault, fetched by identity',
    resources: [
      'secret-gitlab-registry-token',
      'secret-gitlab-registry-user',
      'vault-app',
      'vault-frontend',
      'vault-migrate',
      'vault-ops',
    ],
    check(graph) {
      const identities = { backend: 'app', frontend: 'frontend', 'job-migrate': 'migrate', 'job-ops': 'ops' }
      for (const [name, identity] of Object.entries(identities)) {
        const [secret] = at(one(graph, name), 'configuration.secrets') as Record<string, string>[]
        const address = /^https:\/\/kv-instandt-prod-[0-9a-f]{5}\.vault\.azure\.net\/secrets\/gitlab-registry-token$/
        assert.match(secret?.['keyVaultUrl'] ?? '', address)
        assert.equal(secret?.['identity'], idOf(graph, `identity-${identity}`))
        assert.equal(secret?.['value'], undefined)
        equal(graph, name, 'configuration.registries', [
          { server: 'registry.gitlab.com', username: 'gitlab+deploy-token-1', passwordSecretRef: secret?.['name'] },
        ])
        assert.match(String(at(one(graph, name), 'template.containers.0.image')), /@sha256:[0-9a-f]{64}$/)
      }
      for (const earlier of ['vault-migrate', 'vault-names', 'secret-gitlab-registry-token'])
        assert.ok(waitsFor(graph, one(graph, 'job-migrate'), one(graph, earlier)), `${earlier} comes first`)
      equal(graph, 'secret-gitlab-registry-user', 'properties.value', 'gitlab+deploy-token-1')
      assert.doesNotMatch(JSON.stringify(graph), /glpat-/, 'the token’s value is nowhere')
    },
  },
]
