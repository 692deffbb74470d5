// Planted mistakes: each must fail, with a sentence that names the resource, the fault and what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GraphNode } from '../src/graph/record.ts'
import { checkPolicies } from '../src/policy/check.ts'
import { resourceRules } from '../src/policy/resource-rules.ts'
import { stackRules } from '../src/policy/stack-rules.ts'
import { presets } from '../src/presets.ts'
import { graphOf } from './graph-of.ts'

type Inputs = Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- planted into any resource

const mistakes: { rule: string; what: string; on: string; plant: (inputs: Inputs) => void; says: RegExp }[] = [
  {
    rule: 'storage-closed',
    what: 'public storage',
    on: 'storage',
    plant: (at) => (at['publicNetworkAccess'] = 'Enabled'),
    says: /^storage: is reachable from the internet; set publicNetworkAccess to Disabled/,
  },
  {
    rule: 'storage-closed',
    what: 'public blobs',
    on: 'storage',
    plant: (at) => (at['allowBlobPublicAccess'] = true),
    says: /^storage: lets containers be public/,
  },
  {
    rule: 'storage-closed',
    what: 'shared keys',
    on: 'storage',
    plant: (at) => delete at['allowSharedKeyAccess'],
    says: /^storage: accepts shared keys/,
  },
  {
    rule: 'container-closed',
    what: 'public container',
    on: 'container-instandt',
    plant: (at) => (at['publicAccess'] = 'Blob'),
    says: /^container-instandt: is public/,
  },
  {
    rule: 'storage-recoverable',
    what: 'no versions',
    on: 'blob-service',
    plant: (at) => (at['isVersioningEnabled'] = false),
    says: /^blob-service: keeps no versions/,
  },
  {
    rule: 'tls',
    what: 'old TLS',
    on: 'storage',
    plant: (at) => (at['minimumTlsVersion'] = 'TLS1_0'),
    says: /^storage: accepts old TLS/,
  },
  {
    rule: 'tls',
    what: 'plain HTTP at the edge',
    on: 'route-backend',
    plant: (at) => (at['httpsRedirect'] = 'Disabled'),
    says: /^route-backend: lets plain HTTP through/,
  },
  {
    rule: 'vault-closed',
    what: 'public vault',
    on: 'vault',
    plant: (at) => (at['properties'].publicNetworkAccess = 'Enabled'),
    says: /^vault: is reachable from the internet/,
  },
  {
    rule: 'vault-closed',
    what: 'vault that can be purged',
    on: 'vault',
    plant: (at) => delete at['properties'].enablePurgeProtection,
    says: /^vault: can be purged/,
  },
  {
    rule: 'database-closed',
    what: 'public database',
    on: 'database',
    plant: (at) => (at['network'].publicNetworkAccess = 'Enabled'),
    says: /^database: is reachable from the internet/,
  },
  {
    rule: 'database-availability',
    what: 'HA on Burstable',
    on: 'database',
    plant: (at) => (at['sku'] = { tier: 'Burstable', name: 'Standard_B2s' }),
    says: /^database: asks for high availability, which Burstable servers do not have/,
  },
  {
    rule: 'production-database',
    what: 'production without a standby',
    on: 'database',
    plant: (at) => (at['highAvailability'] = { mode: 'Disabled' }),
    says: /^database: has no standby in production/,
  },
  {
    rule: 'environment-closed',
    what: 'environment with a public address',
    on: 'environment',
    plant: (at) => (at['vnetConfiguration'].internal = false),
    says: /^environment: has a public address/,
  },
  {
    rule: 'environment-closed',
    what: 'public network access',
    on: 'environment',
    plant: (at) => (at['publicNetworkAccess'] = 'Enabled'),
    says: /^environment: lets the internet in/,
  },
  {
    rule: 'ingress-inside',
    what: 'ingress opened in a public environment',
    on: 'environment',
    plant: (at) => (at['vnetConfiguration'].internal = false),
    says: /^backend: has ingress.external in an environment with a public address, which opens it to the internet/,
  },
  {
    rule: 'ingress-inside',
    what: 'ingress Front Door cannot reach',
    on: 'frontend',
    plant: (at) => (at['configuration'].ingress.external = false),
    says: /^frontend: has ingress.external false, so Front Door’s link cannot reach it/,
  },
  {
    rule: 'no-secret-values',
    what: 'secret as value',
    on: 'backend',
    plant: (at) => at['configuration'].secrets.push({ name: 'smtp', value: 'hunter2' }),
    says: /^backend: carries the secret 'smtp' as a value; name its address in the key vault/,
  },
  {
    rule: 'no-secret-values',
    what: 'password in the environment',
    on: 'backend',
    plant: (at) => at['template'].containers[0].env.push({ name: 'SMTP_PASSWORD', value: 'hunter2' }),
    says: /^backend: hands SMTP_PASSWORD over as a value; use secretRef/,
  },
  {
    rule: 'images-by-digest',
    what: 'image by tag',
    on: 'frontend',
    plant: (at) => (at['template'].containers[0].image = 'registry.gitlab.com/x/frontend:latest'),
    says: /^frontend: runs 'registry.gitlab.com\/x\/frontend:latest' in frontend; name the image by its digest/,
  },
  {
    rule: 'firewall-everywhere',
    what: 'domain outside the WAF',
    on: 'firewall-everywhere',
    plant: (at) => at['parameters'].associations[0].domains.pop(),
    says: /^custom-domain: is a domain outside the firewall; add it to the domains of the security policy/,
  },
  {
    rule: 'production-firewall',
    what: 'WAF that only counts',
    on: 'firewall',
    plant: (at) => (at['policySettings'].mode = 'Detection'),
    says: /^firewall: only counts attacks in production/,
  },
  {
    rule: 'firewall-on',
    what: 'allow rule',
    on: 'firewall',
    plant: (at) => at['customRules'].rules.push({ name: 'Uploads', action: 'Allow' }),
    says: /^firewall: allows 'Uploads' past every managed rule/,
  },
  {
    rule: 'front-door-premium',
    what: 'Standard Front Door',
    on: 'front-door',
    plant: (at) => (at['sku'].name = 'Standard_AzureFrontDoor'),
    says: /^front-door: is not Premium/,
  },
  {
    rule: 'private-origin',
    what: 'origin over the internet',
    on: 'origin-backend',
    plant: (at) => delete at['sharedPrivateLinkResource'],
    says: /^origin-backend: is reached over the internet/,
  },
  {
    rule: 'jobs-by-hand',
    what: 'migration repeated after a failure',
    on: 'job-migrate',
    plant: (at) => (at['configuration'].replicaRetryLimit = 3),
    says: /^job-migrate: is repeated after a failure/,
  },
  {
    rule: 'subnets-guarded',
    what: 'subnet without a security group',
    on: 'subnet-apps',
    plant: (at) => delete at['networkSecurityGroup'],
    says: /^subnet-apps: has no security group/,
  },
  {
    rule: 'link-subnet',
    what: 'link subnet with policies',
    on: 'subnet-link',
    plant: (at) => (at['privateLinkServiceNetworkPolicies'] = 'Enabled'),
    says: /^vnet: has no subnet with privateLinkServiceNetworkPolicies Disabled/,
  },
  {
    rule: 'production-keeps-data',
    what: 'no lock on the database',
    on: 'database-lock',
    plant: (at) => (at['scope'] = '/elsewhere'),
    says: /^database: can be deleted by a slip of the hand/,
  },
  {
    rule: 'identities-by-container',
    what: 'role on the whole account',
    on: 'instandt-app',
    plant: (at) => (at['scope'] = '/subscriptions/1/providers/Microsoft.Storage/storageAccounts/st1'),
    says: /^instandt-app: gives a role on the whole account/,
  },
  {
    rule: 'ingress-tls',
    what: 'plain HTTP to an app',
    on: 'backend',
    plant: (at) => (at['configuration'].ingress.allowInsecure = true),
    says: /^backend: answers plain HTTP/,
  },
  {
    rule: 'tags',
    what: 'tag missing',
    on: 'storage',
    plant: (at) => delete at['tags'].costCenter,
    says: /^storage: lacks the tag\(s\) costCenter; pass on the tags/,
  },
]

for (const { rule, what, on, plant, says } of mistakes)
  test(`${what} fails (${rule})`, async () => {
    const graph = await graphOf('production')
    const nodes = structuredClone(graph.nodes) as (Omit<GraphNode, 'inputs'> & { inputs: Inputs })[]
    const node = nodes.find((one) => one.name === on && !one.type.startsWith('instandt:'))
    assert.ok(node, `no resource '${on}'`)
    plant(node.inputs)
    const found = await checkPolicies(nodes)
    assert.ok(
      found.some((one) => one.rule === rule && says.test(one.message)),
      JSON.stringify(found, undefined, 1),
    )
  })

for (const preset of presets)
  test(`the preset ${preset} breaks no rule`, async () => {
    assert.deepEqual(await checkPolicies((await graphOf(preset)).nodes), [])
  })

test('every rule has a planted mistake', () => {
  const planted = new Set(mistakes.map((one) => one.rule))
  assert.deepEqual(
    [...resourceRules, ...stackRules].map((rule) => rule.name).filter((name) => !planted.has(name)),
    [],
  )
})
