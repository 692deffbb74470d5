import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Stage, startStage } from './ops.fixture.ts'

let stage: Stage
before(async () => {
  stage = await startStage()
})
after(() => stage.stop())

const subscription = '/subscriptions/11111111-1111-4111-8111-111111111111'
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
const providers = `${subscription}/providers`
const postgres = `${providers}/Microsoft.DBforPostgreSQL/locations/westeurope`
const sku = { name: 'Standard_D4ds_v5', vCores: 4, supportedHaMode: ['SameZone', 'ZoneRedundant'] }
const capabilities = (size: object = sku, more: object = {}) => ({
  value: [{ supportedServerEditions: [{ name: 'GeneralPurpose', supportedServerSkus: [size] }], ...more }],
})
const quota = (left: number) => ({
  value: [{ name: { value: 'standardDDSv5Family cores' }, currentValue: 100 - left, limit: 100 }],
})
const wanted = {
  subscriptionId: '11111111-1111-4111-8111-111111111111',
  location: 'westeurope',
  databaseSku: 'Standard_D4ds_v5',
  databaseHighAvailability: 'ZoneRedundant',
  hasLocks: true,
  isEnvironmentNew: true,
  names: { vault: 'kv-x', storage: 'stx', database: 'psql-x' },
}

beforeEach(() => {
  stage.reset()
  stage.onInfra = () => Promise.resolve(wanted)
  const { resources } = stage.arm
  for (const provider of [
    'App',
    'Cdn',
    'ContainerService',
    'DBforPostgreSQL',
    'Insights',
    'AlertsManagement',
    'KeyVault',
    'ManagedIdentity',
    'Network',
    'OperationalInsights',
    'Storage',
  ])
    resources.set(`GET ${providers}/Microsoft.${provider}`, { registrationState: 'Registered' })
  resources.set(`${postgres}/capabilities`, capabilities())
  resources.set(`${postgres}/resourceType/flexibleServers/usages`, quota(20))
  resources.set(`${providers}/Microsoft.App/locations/westeurope/usages`, {
    value: [{ unit: 'Count', name: { value: 'ManagedEnvironmentCount' }, currentValue: 3, limit: 20 }],
  })
  grant(owner)
  for (const [provider, answer] of Object.entries({
    KeyVault: { nameAvailable: true },
    Storage: { nameAvailable: true },
    DBforPostgreSQL: { nameAvailable: true },
  }))
    resources.set(`POST ${providers}/Microsoft.${provider}/checkNameAvailability`, answer)
})

/** Roles as Azure answers to exactly this question: at the subscription or above, groups followed. */
function grant(...roles: string[]): void {
  const value = roles.map((role) => ({
    properties: { roleDefinitionId: `${providers}/Microsoft.Authorization/roleDefinitions/${role}` },
  }))
  const filter = `atScope() and assignedTo('6f1c1b0e-0000-4000-8000-0000000000a5')`
  const path = `GET ${providers}/Microsoft.Authorization/roleAssignments`
  const search = new URLSearchParams({ 'api-version': '2022-04-01', $filter: filter })
  stage.arm.resources.set(path, { value: [] })
  stage.arm.resources.set(`${path}?${[...search].map(([name, value]) => `${name}=${value}`).join('&')}`, { value })
}

type Found = { name: string; state: string; detail: string }
async function preflight(...more: string[]): Promise<{ code: number | null; findings: Found[] }> {
  const { code, out, err } = await stage.run(['preflight', '--stack', 'test', '--json', ...more])
  assert.notEqual(out, '', err)
  return { code, findings: JSON.parse(out) as Found[] }
}
const wrong = (findings: Found[]) => findings.filter((one) => one.state !== 'ok')

test('a subscription that has everything', async () => {
  const { code, findings } = await preflight()
  assert.deepEqual(wrong(findings), [])
  assert.equal(code, 0)
  assert.ok(findings.some((one) => one.name === 'database psql-x'))
  const { code: early, findings: few } = await preflight(
    '--subscription',
    wanted.subscriptionId,
    '--location',
    'westeurope',
    '--zone-redundant',
  )
  assert.equal(early, 0)
  assert.ok(!few.some((one) => one.name.startsWith('vault')), 'before there are settings there are no names')
})

const lacks: Record<string, [() => unknown, string]> = {
  'a provider that is not registered': [
    () => stage.arm.resources.set(`GET ${providers}/Microsoft.App`, { registrationState: 'NotRegistered' }),
    'fault provider Microsoft.App: NotRegistered: repeat with --register, or az provider register -n Microsoft.App',
  ],
  'a provider that is being registered': [
    () => stage.arm.resources.set(`GET ${providers}/Microsoft.App`, { registrationState: 'Registering' }),
    'warning provider Microsoft.App: is being registered, takes minutes',
  ],
  'roles that only hold below the subscription': [
    () => grant(),
    'warning your roles: not seen for you: Contributor, User Access Administrator (a role of your own may hold the same rights)',
  ],
  'the right to set locks': [
    () => grant('b24988ac-6180-42a0-ab88-20f7382dd24c', 'f58310d9-a9f6-439a-9e8d-f62e7b41a168'),
    'warning your roles: not seen for you: User Access Administrator (a role of your own may hold the same rights)',
  ],
  'the database size': [
    () => stage.arm.resources.set(`${postgres}/capabilities`, capabilities({ name: 'Standard_D2ds_v5' })),
    'fault database Standard_D4ds_v5: is not sold in westeurope; choose another size or region',
  ],
  'the standby in another zone': [
    () => stage.arm.resources.set(`${postgres}/capabilities`, capabilities({ ...sku, supportedHaMode: ['SameZone'] })),
    'fault database Standard_D4ds_v5: has no standby ZoneRedundant in westeurope, only: SameZone; set databaseHighAvailability',
  ],
  'the region': [
    () =>
      stage.arm.resources.set(
        `${postgres}/capabilities`,
        capabilities(sku, { restricted: 'Enabled', reason: 'Provisioning is restricted in this region.' }),
      ),
    'fault database Standard_D4ds_v5: westeurope is closed to this subscription: Provisioning is restricted in this region.',
  ],
  'vCores for the database and its standby': [
    () => stage.arm.resources.set(`${postgres}/resourceType/flexibleServers/usages`, quota(7)),
    'warning database quota: as few as 7 vCores left, 8 needed: see Quotas in the portal, or ask for more',
  ],
  'room for an environment': [
    () =>
      stage.arm.resources.set(`${providers}/Microsoft.App/locations/westeurope/usages`, {
        value: [{ unit: 'Count', name: { value: 'ManagedEnvironmentCount' }, currentValue: 20, limit: 20 }],
      }),
    'fault Container Apps environments: all 20 are used: ask for more quota',
  ],
  'a free vault name': [
    () =>
      stage.arm.resources.set(`POST ${providers}/Microsoft.KeyVault/checkNameAvailability`, {
        nameAvailable: false,
        message: 'The vault name is taken.',
      }),
    'fault vault kv-x: The vault name is taken.; a deleted vault keeps its name for 90 days: set nameSalt',
  ],
  'a free storage name': [
    () =>
      stage.arm.resources.set(`POST ${providers}/Microsoft.Storage/checkNameAvailability`, { nameAvailable: false }),
    'fault storage stx: taken; set nameSalt',
  ],
  'a free database name': [
    () =>
      stage.arm.resources.set(`POST ${providers}/Microsoft.DBforPostgreSQL/checkNameAvailability`, {
        nameAvailable: false,
        message: 'Specified server name is already used.',
      }),
    'fault database psql-x: Specified server name is already used.; set nameSalt',
  ],
}
for (const [what, [plant, says]] of Object.entries(lacks))
  test(`it misses ${what}`, async () => {
    plant()
    const { code, findings } = await preflight()
    assert.deepEqual(
      wrong(findings).map(({ state, name, detail }) => `${state} ${name}: ${detail}`),
      [says],
    )
    assert.equal(code, says.startsWith('fault') ? 1 : 0)
  })

test('where there are no locks, giving roles is enough', async () => {
  stage.onInfra = () => Promise.resolve({ ...wanted, hasLocks: false })
  grant('b24988ac-6180-42a0-ab88-20f7382dd24c', 'f58310d9-a9f6-439a-9e8d-f62e7b41a168')
  assert.deepEqual(wrong((await preflight()).findings), [])
})

test('it registers what is missing when it is told to, and not in a dry run', async () => {
  const { resources, requests } = stage.arm
  resources.set(`GET ${providers}/Microsoft.App`, { registrationState: 'NotRegistered' })
  resources.set(`POST ${providers}/Microsoft.App/register`, { registrationState: 'Registering' })
  const registered = () => requests.filter((line) => line.endsWith('/register')).length
  assert.equal((await preflight('--register', '--dry-run')).code, 1)
  assert.equal(registered(), 0)
  assert.equal((await preflight('--register')).code, 0)
  assert.equal(registered(), 1)
})

test('it goes on over throttling and broken lines', async () => {
  for (const kind of ['throttled', 'lost', 'unavailable'] as const)
    stage.arm.faults.push({ match: /KeyVault|capabilities|roleAssignments/, kind, times: 1 })
  assert.equal((await preflight()).code, 0)
})

test('settings with faults are told as they are', async () => {
  stage.onInfra = () => Promise.reject(new Error('Pulumi.test.yaml has 1 fault(s): owner: is not set'))
  const { code, err } = await stage.run(['preflight', '--stack', 'test'])
  assert.equal(code, 1)
  assert.match(err, /owner: is not set/)
  assert.equal((await stage.run(['preflight', '--location', 'westeurope'])).code, 2)
})
