// Releases against a Resource Manager on the loopback; the apps' revisions behave as the platform's do: a name is taken
// once, and the old one serves until the new one is ready.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { digest, imageAt, type InfraCalled, type Stage, startStage } from './ops.fixture.ts'

let stage: Stage
let isOutsideGood = true
const outside = createServer((request, response) => {
  if (!isOutsideGood) return void response.writeHead(502).end()
  if (request.url === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
  response.writeHead(request.url === '/health/live' ? 200 : 401).end()
})

before(async () => {
  outside.listen(0, '127.0.0.1')
  await once(outside, 'listening')
  stage = await startStage(`http://127.0.0.1:${(outside.address() as AddressInfo).port}`)
})
after(async () => {
  outside.closeAllConnections()
  outside.close()
  await stage.stop()
})
beforeEach(() => {
  isOutsideGood = true
  stage.arm.apps.clear()
  stage.arm.jobs.get('caj-migrate')?.executions.splice(0)
  stage.arm.jobs.get('caj-ops')?.executions.splice(0)
  stage.arm.onJob = () => Promise.resolve(true)
  stage.called.length = 0
  stage.onInfra = applyRelease
})

/** Letters of images whose containers never become ready. */
const broken = new Set<string>()

async function applyRelease(call: InfraCalled): Promise<Record<string, unknown>> {
  if (call.stackKind === 'platform' || call.action !== 'up') return { deployment: stage.deployment }
  for (const part of ['backend', 'frontend']) {
    const name = `ca-${part}`
    const image = call.config[`${part}Image`] ?? ''
    const letter = image.at(-1) ?? ''
    const attempt = call.config['attempt'] ?? ''
    const suffix = `r${image.slice(-64).slice(0, 10)}${attempt === '' ? '' : `-${attempt}`}`
    const app = stage.arm.apps.get(name) ?? {
      template: { revisionSuffix: '', containers: [] },
      revisions: [],
      ready: undefined,
    }
    const revision = `${name}--${suffix}`
    const isLatest = app.revisions.at(-1)?.name === revision
    if (!isLatest && app.revisions.some((one) => one.name === revision))
      throw new Error(`ContainerAppInvalidRevisionSuffix: revision ${revision} already exists`)
    const isBroken = broken.has(letter)
    app.template = {
      revisionSuffix: suffix,
      containers: [
        {
          name: 'server',
          image,
          env: [{ name: 'INSTANDT_VERSION', value: call.config['version'] ?? '' }],
          probes: [{ type: 'Liveness' }],
        },
      ],
    }
    if (!isLatest)
      app.revisions.push({
        name: revision,
        runningState: isBroken ? 'Failed' : 'Running',
        healthState: isBroken ? 'Unhealthy' : 'Healthy',
      })
    if (!isBroken) app.ready = revision
    stage.arm.apps.set(name, app)
  }
  return { deployment: stage.deployment }
}

const version = (name: string, letter: string): string[] => [
  '--version',
  name,
  '--backend-image',
  imageAt('backend', letter),
  '--frontend-image',
  imageAt('frontend', letter),
]
const release = (name: string, letter: string) => stage.run(['release', '--stack', 'test', ...version(name, letter)])
const serving = () => stage.arm.apps.get('ca-backend')?.ready

test('a release migrates first, then brings up both apps, then looks from the outside', async () => {
  const { code, out, err } = await release('1.0.0', 'a')
  assert.equal(code, 0, err)
  assert.match(out, /1\.0\.0 serves/)
  const ups = stage.called.filter((call) => call.action === 'up')
  assert.deepEqual(
    ups.map((call) => call.config['version']),
    ['1.0.0'],
  )
  assert.equal(stage.arm.jobs.get('caj-migrate')?.executions[0]?.template.containers[0]?.image, imageAt('backend', 'a'))
})

test('a failing migration changes nothing and ends with 1', async () => {
  await release('1.0.0', 'a')
  stage.called.length = 0
  stage.arm.onJob = () => Promise.resolve(false)
  stage.arm.logLines.push('0002_x.sql: syntax error')
  const { code, err } = await release('1.1.0', 'b')
  assert.equal(code, 1)
  assert.match(err, /1\.0\.0 goes on serving, nothing was changed/)
  assert.ok(!stage.called.some((call) => call.action === 'up'))
  assert.equal(serving(), `ca-backend--r${'a'.repeat(10)}`)
})

test('a version that does not become ready is taken back, under a name that is free', async () => {
  await release('1.0.0', 'a')
  broken.add('c')
  const { code, out, err } = await release('1.1.0', 'c')
  broken.delete('c')
  assert.equal(code, 1, err)
  assert.match(err, /failed: its replicas do not become ready/)
  assert.match(out, /1\.1\.0 failed, 1\.0\.0 serves/)
  assert.match(serving() ?? '', new RegExp(`^ca-backend--r${'a'.repeat(10)}-[0-9a-z]+$`))
  assert.equal(
    stage.arm.apps.get('ca-backend')?.template.containers[0]?.image,
    `registry.example.com/instandt/backend@${digest('a')}`,
  )
})

test('the same version can be tried again after it was taken back', async () => {
  await release('1.0.0', 'a')
  broken.add('d')
  await release('1.1.0', 'd')
  broken.delete('d')
  const { code, err } = await release('1.1.0', 'd')
  assert.equal(code, 0, err)
  assert.match(serving() ?? '', new RegExp(`--r${'d'.repeat(10)}-`))
})

test('an engine that fails half way leaves the former version in charge', async () => {
  await release('1.0.0', 'a')
  stage.onInfra = async (call) => {
    if (call.action === 'up' && call.config['version'] === '2.0.0') throw new Error('Conflict: 409')
    return applyRelease(call)
  }
  const { code, out, err } = await release('2.0.0', 'e')
  assert.equal(code, 1)
  assert.match(err, /release up failed: Conflict: 409/)
  assert.match(out, /2\.0\.0 failed, 1\.0\.0 serves/)
})

test('deploy: platform, link, migration, first keys, release, in this order', async () => {
  stage.arm.connections.splice(0)
  stage.arm.connections.push({ name: 'ours', status: 'Pending', description: stage.deployment.link.message })
  const { code, err } = await stage.run(['deploy', '--stack', 'test', '--yes', ...version('1.0.0', 'a')])
  assert.equal(code, 0, err)
  assert.deepEqual(
    stage.called.map((call) => `${call.stackKind} ${call.action}`),
    ['platform preview', 'platform up', 'release up'],
  )
  assert.equal(stage.arm.connections[0]?.status, 'Approved')
  assert.deepEqual(
    stage.arm.jobs.get('caj-ops')?.executions.map((one) => one.template.containers[0]?.args),
    [['rotate', 'keys', '--if-missing']],
  )
  assert.match(err, /enter at your DNS: ndt\.invalid CNAME fde-test\.azurefd\.net/)
})

test('deploy does nothing that nobody agreed to', async () => {
  const { code, err } = await stage.run(['deploy', '--stack', 'test', ...version('1.0.0', 'a')])
  assert.equal(code, 3)
  assert.match(err, /repeat with --yes/)
  assert.deepEqual(
    stage.called.map((call) => call.action),
    ['preview'],
  )
})

test('a dry run of a release changes nothing', async () => {
  await release('1.0.0', 'a')
  const before = stage.arm.requests.length
  stage.called.length = 0
  const { code } = await stage.run(['release', '--stack', 'test', '--dry-run', ...version('1.1.0', 'b')])
  assert.equal(code, 0)
  assert.ok(!stage.called.some((call) => call.action === 'up'))
  assert.ok(!stage.arm.requests.slice(before).some((line) => !line.startsWith('GET ')))
})

/** What Resource Manager says of an installation that is well. */
function wellKept(): void {
  const { arm, deployment } = stage
  const { frontDoor } = deployment
  const group = `${arm.group}/providers`
  const profile = `${group}/Microsoft.Cdn/profiles/${frontDoor.profile}`
  const endpoint = { id: `${profile}/afdEndpoints/fde-test`, name: 'fde-test' }
  const domain = {
    id: `${profile}/customDomains/ndt-invalid`,
    name: 'ndt-invalid',
    properties: { domainValidationState: 'Approved', deploymentStatus: 'Succeeded' },
  }
  arm.connections.splice(0)
  arm.connections.push({ name: 'ours', status: 'Approved', description: deployment.link.message })
  arm.secrets.set('gitlab-registry-token', { exp: Date.now() / 1000 + 200 * 86_400 })
  for (const [path, value] of Object.entries({
    [`${group}/Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/fdfptest`]: {
      properties: { policySettings: { enabledState: 'Enabled', mode: 'Prevention' } },
    },
    [`${profile}/securityPolicies`]: {
      value: [
        { properties: { parameters: { associations: [{ domains: [{ id: endpoint.id }, { id: domain.id }] }] } } },
      ],
    },
    [`${profile}/afdEndpoints`]: { value: [endpoint] },
    [`${profile}/customDomains`]: { value: [domain] },
    [domain.id]: domain,
    [deployment.managedEnvironment.id]: {
      properties: { publicNetworkAccess: 'Disabled', vnetConfiguration: { internal: true } },
    },
    [`${group}/Microsoft.Storage/storageAccounts/sttest`]: {
      properties: { publicNetworkAccess: 'Disabled', allowBlobPublicAccess: false, allowSharedKeyAccess: false },
    },
    [`${group}/Microsoft.KeyVault/vaults/kv-test`]: {
      properties: { publicNetworkAccess: 'Disabled', enablePurgeProtection: true, enableRbacAuthorization: true },
    },
    [`${group}/Microsoft.DBforPostgreSQL/flexibleServers/psql-test`]: {
      properties: {
        state: 'Ready',
        network: { publicNetworkAccess: 'Disabled' },
        highAvailability: { state: 'Healthy' },
      },
    },
    [`${group}/Microsoft.DBforPostgreSQL/flexibleServers/psql-test/backups`]: {
      value: [{ name: 'b', properties: { completedTime: new Date(Date.now() - 3_600_000).toISOString() } }],
    },
  }))
    arm.resources.set(path, value)
}

type Finding = { name: string; state: string; detail: string }
async function doctor(): Promise<{ code: number | null; findings: Finding[]; err: string }> {
  const { code, out, err } = await stage.run(['doctor', '--stack', 'test', '--json'])
  return { code, err, findings: JSON.parse(out) as Finding[] }
}

test('doctor finds nothing at an installation that is well', async () => {
  await release('1.0.0', 'a')
  wellKept()
  const { code, findings, err } = await doctor()
  assert.deepEqual(
    findings.filter((one) => one.state === 'fault'),
    [],
    err,
  )
  assert.equal(code, 0)
  // Nobody resolves a name that ends in .invalid.
  assert.deepEqual(
    findings.filter((one) => one.state === 'warning').map((one) => one.name),
    ['DNS record'],
  )
  const readable = await stage.run(['doctor', '--stack', 'test'])
  assert.match(readable.out, /^ok\s+firewall\s+blocks$/m)
})

const group = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-test/providers'
const illnesses: [string, string, () => void, RegExp][] = [
  [
    'an opened storage account',
    'storage closed',
    () =>
      stage.arm.resources.set(`${group}/Microsoft.Storage/storageAccounts/sttest`, {
        properties: { publicNetworkAccess: 'Enabled', allowBlobPublicAccess: false, allowSharedKeyAccess: false },
      }),
    /publicNetworkAccess is Enabled: somebody opened it/,
  ],
  [
    'a firewall that only counts',
    'firewall',
    () =>
      stage.arm.resources.set(`${group}/Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/fdfptest`, {
        properties: { policySettings: { enabledState: 'Enabled', mode: 'Detection' } },
      }),
    /Detection blocks nothing/,
  ],
  [
    'a domain outside the firewall',
    'firewall over every domain',
    () =>
      stage.arm.resources.set(`${group}/Microsoft.Cdn/profiles/afd-test/afdEndpoints`, {
        value: [{ id: '/other', name: 'fde-other' }],
      }),
    /outside the firewall: fde-other/,
  ],
  [
    'a secret that ran out',
    'secrets',
    () => stage.arm.secrets.set('gitlab-registry-token', { exp: 1 }),
    /run out: gitlab-registry-token; rotate now/,
  ],
  [
    'no backup',
    'backups',
    () =>
      stage.arm.resources.set(`${group}/Microsoft.DBforPostgreSQL/flexibleServers/psql-test/backups`, { value: [] }),
    /there is none/,
  ],
  [
    'a sick standby',
    'database',
    () =>
      stage.arm.resources.set(`${group}/Microsoft.DBforPostgreSQL/flexibleServers/psql-test`, {
        properties: {
          state: 'Ready',
          network: { publicNetworkAccess: 'Disabled' },
          highAvailability: { state: 'ReplicatingData' },
        },
      }),
    /the standby is ReplicatingData/,
  ],
  [
    'a link that waits',
    'private link',
    () => stage.arm.connections.push({ name: 'again', status: 'Pending', description: stage.deployment.link.message }),
    /1 wait for approval: approve-link/,
  ],
  [
    'a revision that is not ready',
    'backend',
    () =>
      stage.arm.apps
        .get('ca-backend')
        ?.revisions.push({ name: 'ca-backend--new', runningState: 'Activating', healthState: 'None' }),
    /ca-backend--new is not ready; ca-backend--r/,
  ],
  ['a site that does not answer', 'from the outside', () => (isOutsideGood = false), /answered 502/],
]
for (const [what, name, plant, says] of illnesses)
  test(`doctor finds ${what}`, async () => {
    await release('1.0.0', 'a')
    wellKept()
    plant()
    const { code, findings } = await doctor()
    assert.equal(code, 1)
    const faults = findings.filter((one) => one.state === 'fault')
    assert.deepEqual(
      faults.map((one) => one.name),
      [name],
    )
    assert.match(faults[0]?.detail ?? '', says)
  })

test('preflight names what a subscription lacks', async () => {
  const { arm } = stage
  const subscription = '/subscriptions/11111111-1111-4111-8111-111111111111'
  for (const provider of [
    'App',
    'Cdn',
    'ContainerService',
    'DBforPostgreSQL',
    'Insights',
    'AlertsManagement',
    'ManagedIdentity',
    'Network',
    'OperationalInsights',
    'Storage',
    'KeyVault',
  ])
    arm.resources.set(`${subscription}/providers/Microsoft.${provider}`, {
      namespace: `Microsoft.${provider}`,
      registrationState: provider === 'App' ? 'NotRegistered' : 'Registered',
    })
  const sku = { name: 'Standard_D4ds_v5', supportedHaMode: ['SameZone'] }
  arm.resources.set(`${subscription}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/capabilities`, {
    value: [{ properties: { supportedServerEditions: [{ name: 'GeneralPurpose', supportedServerSkus: [sku] }] } }],
  })
  arm.resources.set(`${subscription}/providers/Microsoft.App/locations/westeurope/usages`, {
    value: [{ name: { value: 'ManagedEnvironmentCount' }, currentValue: 20, limit: 20 }],
  })
  arm.resources.set(`${subscription}/providers/Microsoft.Authorization/roleAssignments`, { value: [] })
  arm.resources.set(`POST ${subscription}/providers/Microsoft.KeyVault/checkNameAvailability`, {
    nameAvailable: false,
    message: 'The vault name is taken.',
  })
  arm.resources.set(`POST ${subscription}/providers/Microsoft.Storage/checkNameAvailability`, { nameAvailable: true })
  const { code, out, err } = await stage.run([
    'preflight',
    '--subscription',
    stage.deployment.subscriptionId,
    '--location',
    'westeurope',
    '--zone-redundant',
    '--vault',
    'kv-x',
    '--storage',
    'stx',
    '--json',
  ])
  assert.equal(code, 1, err)
  const findings = JSON.parse(out) as Finding[]
  assert.deepEqual(
    findings.filter((one) => one.state === 'fault').map((one) => one.name),
    ['provider Microsoft.App', 'database Standard_D4ds_v5', 'Container Apps environments', 'vault kv-x'],
  )
  assert.match(
    findings.find((one) => one.name === 'your roles')?.detail ?? '',
    /not seen for you: Contributor, Role Based Access/,
  )
  assert.match(
    findings.find((one) => one.name.startsWith('vault'))?.detail ?? '',
    /deleted vault keeps its name for 90 days/,
  )
})
