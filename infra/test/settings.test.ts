import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { faultOfAddressSpace, planAddresses } from '../src/address-plan.ts'
import { databaseConnections } from '../src/alert-table.ts'
import { firstOfMonth } from '../src/components/budget.ts'
import { databaseSku, type DatabaseTier } from '../src/database-sizes.ts'
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

const subscription = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-old/providers'
const oldEnvironment = `${subscription}/Microsoft.App/managedEnvironments/cae-old`
const oldSubnet = `${subscription}/Microsoft.Network/virtualNetworks/vnet-old/subnets/snet-link`
const zone = (name: string): string => `${subscription}/Microsoft.Network/privateDnsZones/${name}`

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
    { 'edge.link': 'privateLinkService' },
    /^edge\.link: .*westeurope, only in .*eastus2.*; use managedEnvironment/,
  ],
  [
    'a link that is not known is refused with those that are',
    { 'edge.link': 'loadBalancer' },
    /^edge\.link: Invalid option: expected one of "managedEnvironment"\|"privateLinkService"/,
  ],
  [
    'an older environment has no private endpoint',
    { 'edge.existingEnvironmentId': oldEnvironment, 'edge.linkSubnetId': oldSubnet },
    /^edge\.existingEnvironmentId: .*set edge\.link to privateLinkService/,
  ],
  [
    'the link to an older environment needs its subnet',
    { 'edge.link': 'privateLinkService', 'edge.existingEnvironmentId': oldEnvironment },
    /^edge\.linkSubnetId: and edge\.existingEnvironmentId belong together/,
  ],
  [
    'a region without private link names others',
    { location: 'polandcentral' },
    /^edge\.region: Front Door has no private link in polandcentral; choose the nearest of .*germanywestcentral/,
  ],
  [
    'Front Door’s region counts for a link service too',
    { location: 'westus', 'edge.link': 'privateLinkService' },
    /^edge\.region: Front Door has no private link in westus/,
  ],
  [
    'a central zone is the one its name says',
    { blobZoneId: zone('privatelink.vaultcore.azure.net') },
    /^blobZoneId: is not the id of a zone privatelink\.blob\.core\.windows\.net/,
  ],
  ['name servers are addresses', { dnsServers: '10.0.0.4,dns.example.com' }, /^dnsServers: Invalid IPv4 address/],
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
    { databaseAuth: 'password', databasePasswordExpires: '2027-06-30' },
    /^databasePassword: is needed with databaseAuth password; set it with `pulumi config set --secret/,
  ],
  [
    'a password needs a last day',
    { databaseAuth: 'password', databasePassword: 'a-long-password-of-the-owner' },
    /^databasePasswordExpires: is needed/,
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

test('a secret that stands in the clear is refused, and not repeated', () => {
  const given = { ...sampleSettings, preset: 'production' }
  assert.throws(
    () => readSettings('prod', given, (key) => key === 'registryToken'),
    (error: SettingsError) => {
      assert.deepEqual(error.faults, [
        'registryToken: stands in the clear; set it with `pulumi config set --secret registryToken`',
      ])
      return !error.message.includes(sampleSettings['registryToken'] ?? '')
    },
  )
})

test('connections follow the size as Azure documents it', () => {
  const sizes: [DatabaseTier, number, number][] = [
    ['Burstable', 1, 50],
    ['Burstable', 2, 429],
    ['Burstable', 4, 1718],
    ['GeneralPurpose', 2, 859],
    ['GeneralPurpose', 4, 1718],
    ['GeneralPurpose', 8, 3437],
    ['MemoryOptimized', 2, 1718],
    ['MemoryOptimized', 96, 5000],
  ]
  for (const [tier, cores, documented] of sizes) {
    const found = databaseConnections(tier, cores)
    assert.ok(Math.abs(found - documented) <= 2, `${tier} ${cores}: ${found}, documented ${documented}`)
  }
})

test('a budget begins with the current month', () => {
  assert.equal(firstOfMonth(new Date('2027-02-28T23:59:59Z')), '2027-02-01')
})

test('the stack’s name fits into every name', () => {
  assert.match(faultsOf({}, 'Production-EU')[0] ?? '', /the stack is called 'Production-EU': use 1 to 8 small letters/)
})

test('sizes are exactly those that are sold', () => {
  const sold = (tier: DatabaseTier) =>
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
