import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultOfAddressSpace, planAddresses } from '../src/address-plan.ts'
import { databaseSku, type databaseTiers } from '../src/database-sizes.ts'
import { sampleSettings } from '../src/graph/presets.ts'
import { presets } from '../src/presets.ts'
import { projectFiles } from '../src/pulumi-yaml.ts'
import { readSettings, SettingsError } from '../src/settings.ts'

const faultsOf = (given: Record<string, string | undefined>, environment = 'prod'): string[] => {
  try {
    readSettings(environment, { ...sampleSettings, preset: 'production', ...given })
    return []
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error))
    return error.faults
  }
}

for (const preset of presets)
  test(`the preset ${preset} needs nothing but the keys without a default`, () => {
    assert.equal(readSettings('test', { ...sampleSettings, preset }).preset, preset)
  })

test('all faults are told at once, each with its key', () => {
  const faults = faultsOf({
    location: 'West Europe',
    databaseCores: 'four',
    registryToken: undefined,
    storgeRedundancy: 'Standard_ZRS',
    backendImage: 'registry.gitlab.com/example/backend:latest',
  })
  assert.equal(faults.length, 5)
  for (const key of ['location', 'databaseCores', 'registryToken', 'storgeRedundancy', 'backendImage'])
    assert.ok(
      faults.some((fault) => fault.startsWith(`${key}:`)),
      key,
    )
})

test('a missing secret is named, never repeated', () => {
  const [fault] = faultsOf({ databaseAuth: 'password', databasePassword: 'short' })
  assert.match(fault ?? '', /^databasePassword: /)
  assert.doesNotMatch(fault ?? '', /short\b(?!er)/)
})

const crossFaults: [string, Record<string, string>, RegExp][] = [
  [
    'high availability on Burstable is refused by name',
    { preset: 'non-production', databaseHighAvailability: 'ZoneRedundant' },
    /^databaseHighAvailability: Burstable servers have no high availability; set it to Disabled/,
  ],
  [
    'production on Burstable is refused',
    { databaseTier: 'Burstable', databaseCores: '2', databaseHighAvailability: 'Disabled' },
    /^databaseTier: .*production needs GeneralPurpose/,
  ],
  [
    'production without a standby is refused',
    { databaseHighAvailability: 'Disabled' },
    /^databaseHighAvailability: production needs ZoneRedundant/,
  ],
  [
    'a size that is not sold is refused with those that are',
    { databaseCores: '6' },
    /^databaseCores: GeneralPurpose is sold with 2, 4, 8, 16, 32, 48, 64, 96 vCores, not 6/,
  ],
  [
    'the link service’s regions are few',
    { edgeLink: 'privateLinkService' },
    /^edgeLink: .*westeurope, only in .*eastus2.*; use managedEnvironment/,
  ],
  [
    'the load balancer form is for existing environments',
    { edgeLink: 'loadBalancer' },
    /^existingEnvironmentId: .*new environments do not allow/,
  ],
  [
    'a region without private link names others',
    { location: 'polandcentral' },
    /^linkRegion: Front Door has no private link in polandcentral; choose the nearest of .*germanywestcentral/,
  ],
  [
    'a host outside its zone is refused',
    { publicHost: 'ndt.example.org' },
    /^publicHost: ndt.example.org is not in the zone example.com/,
  ],
  ['production never only counts', { wafMode: 'Detection' }, /^wafMode: .*production needs Prevention/],
  ['production keeps two of each', { backendReplicas: '1' }, /^backendReplicas, frontendReplicas: production needs 2/],
  ['alerts need somebody', { alertEmail: '' }, /^alertEmail: /],
  [
    'an existing application needs its id',
    { entraMode: 'existing' },
    /^entraClientId: is needed with entraMode existing/,
  ],
  [
    'a password needs to be there',
    { databaseAuth: 'password' },
    /^databasePassword: is needed with databaseAuth password; set it with `pulumi config set --secret/,
  ],
  ['production keeps its locks', { locks: 'false' }, /^locks: production keeps its data behind locks/],
  ['a network too small', { addressSpace: '10.0.0.0/24' }, /^addressSpace: '10.0.0.0\/24' is too small/],
  [
    'a network of the platform',
    { addressSpace: '172.30.4.0/22' },
    /^addressSpace: .*overlaps 172.30.0.0\/16, which Container Apps keeps/,
  ],
  ['countries in capitals', { allowedCountries: 'DE,Austria' }, /^allowedCountries: two capital letters/],
  ['cold comes after cool', { storageCoolDays: '90', storageColdDays: '30' }, /^storageColdDays: must be later/],
]
for (const [name, given, fault] of crossFaults)
  test(name, () => {
    const faults = faultsOf(Object.fromEntries(Object.entries(given).map(([key, value]) => [key, value || undefined])))
    assert.equal(faults.length, 1, faults.join('\n'))
    assert.match(faults[0] ?? '', fault)
  })

test('the stack’s name fits into every name', () => {
  assert.match(faultsOf({}, 'Production-EU')[0] ?? '', /the stack is called 'Production-EU': use 1 to 8 small letters/)
})

test('sizes are exactly those that are sold', () => {
  const sold = (tier: (typeof databaseTiers)[number]) =>
    Array.from({ length: 100 }, (_, cores) => databaseSku(tier, cores)).filter((sku) => sku !== undefined)
  assert.deepEqual(
    sold('Burstable'),
    ['B1ms', 'B2s', 'B4ms', 'B8ms', 'B12ms', 'B16ms', 'B20ms'].map((size) => `Standard_${size}`),
  )
  assert.deepEqual(
    sold('GeneralPurpose'),
    [2, 4, 8, 16, 32, 48, 64, 96].map((cores) => `Standard_D${cores}ds_v5`),
  )
  assert.deepEqual(
    sold('MemoryOptimized'),
    [2, 4, 8, 16, 20, 32, 48, 64, 96].map((cores) => `Standard_E${cores}ds_v5`),
  )
})

test('subnets lie beside each other inside the range', () => {
  assert.deepEqual(planAddresses('10.40.0.0/22'), {
    apps: '10.40.0.0/24',
    database: '10.40.1.0/27',
    endpoints: '10.40.1.32/27',
    link: '10.40.1.64/28',
  })
  assert.equal(faultOfAddressSpace('10.40.0.0/22'), undefined)
  assert.match(faultOfAddressSpace('10.40.1.0/22') ?? '', /does not begin at a boundary/)
})

for (const [folder, text] of Object.entries(projectFiles))
  test(`${folder}/Pulumi.yaml declares every key (node src/pulumi-yaml.ts --write)`, () => {
    assert.equal(readFileSync(new URL(`../${folder}/Pulumi.yaml`, import.meta.url), 'utf8'), text)
  })
