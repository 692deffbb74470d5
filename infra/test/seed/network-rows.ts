import assert from 'node:assert/strict'
import { at, one, waitsFor } from '../graph-of.ts'
import { equal, idOf, type SeedRow } from './row.ts'

const part = 'Network'
const subnets = ['subnet-apps', 'subnet-database', 'subnet-endpoints', 'subnet-link']

/** Direction, access, from, to, ports of each rule, as a line. */
const linesOf = (rules: Record<string, string | string[] | undefined>[]): string[] =>
  rules.map((rule) =>
    [
      rule['direction'] === 'Inbound' ? 'in' : 'out',
      rule['access'] === 'Deny' ? 'deny' : `${String(rule['sourceAddressPrefix'])} →`,
      rule['access'] === 'Deny' ? String(rule['destinationAddressPrefix']) : String(rule['destinationAddressPrefix']),
      [rule['destinationPortRange'] ?? rule['destinationPortRanges']].flat().join('+'),
    ].join(' '),
  )

const [apps, database, endpoints, link] = ['10.40.0.0/24', '10.40.1.0/27', '10.40.1.32/27', '10.40.1.64/28']
const flows: Record<string, string[]> = {
  'nsg-apps': [
    `in VirtualNetwork → ${apps} 443+31443`,
    `in ${apps} → ${apps} *`,
    `in AzureLoadBalancer → ${apps} 30000-32767`,
    'in deny * *',
    `out ${apps} → ${apps} *`,
    `out ${apps} → 168.63.129.16 53`,
    `out ${apps} → ${database} 5432`,
    `out ${apps} → ${endpoints} 443`,
    `out ${apps} → AzureActiveDirectory 443`,
    `out ${apps} → AzureMonitor 443`,
    `out ${apps} → MicrosoftContainerRegistry 443`,
    `out ${apps} → AzureFrontDoor.FirstParty 443`,
    `out ${apps} → Internet 443`,
    'out deny * *',
  ],
  'nsg-database': [
    `in ${apps} → ${database} 5432`,
    `in ${database} → ${database} 5432+6432`,
    'in deny * *',
    `out ${database} → ${database} 5432+6432`,
    `out ${database} → 168.63.129.16 53`,
    `out ${database} → Storage 443`,
    `out ${database} → AzureActiveDirectory 443`,
    'out deny * *',
  ],
  'nsg-endpoints': [`in ${apps} → ${endpoints} 443`, 'in deny * *', 'out deny * *'],
  'nsg-link': ['in deny * *', `out ${link} → ${apps} 443+31443`, 'out deny * *'],
}

export const networkRows: SeedRow[] = [
  {
    part,
    item: 'Virtual network with a subnet for each part',
    resources: ['vnet', ...subnets],
    check(graph) {
      equal(graph, 'subnet-apps', 'delegations.0.serviceName', 'Microsoft.App/environments')
      equal(graph, 'subnet-database', 'delegations.0.serviceName', 'Microsoft.DBforPostgreSQL/flexibleServers')
      equal(graph, 'subnet-endpoints', 'privateEndpointNetworkPolicies', 'Enabled')
      equal(graph, 'subnet-link', 'privateLinkServiceNetworkPolicies', 'Disabled')
      equal(graph, 'subnet-link', 'delegations', undefined)
      const nodes = subnets.map((name) => one(graph, name))
      for (const [index, subnet] of nodes.slice(1).entries())
        assert.ok(waitsFor(graph, subnet, nodes[index] as (typeof nodes)[number]), `${subnet.name} waits for its turn`)
    },
  },
  {
    part,
    item: 'Security groups with only the needed flows',
    resources: Object.keys(flows),
    check(graph) {
      for (const [name, lines] of Object.entries(flows)) {
        const rules = at(one(graph, name), 'securityRules') as Record<string, string>[]
        assert.deepEqual(linesOf(rules), lines, name)
        assert.deepEqual(
          rules.map((rule) => rule['priority']),
          rules.map((_, index) => 100 + index * 10),
        )
        equal(graph, name.replace('nsg', 'subnet'), 'networkSecurityGroup.id', idOf(graph, name))
      }
    },
  },
  {
    part,
    item: 'Fixed address for what goes out',
    resources: ['nat', 'nat-address'],
    check(graph) {
      equal(graph, 'subnet-apps', 'natGateway.id', idOf(graph, 'nat'))
      equal(graph, 'nat', 'publicIpAddresses', [{ id: idOf(graph, 'nat-address') }])
      equal(graph, 'nat-address', 'publicIPAllocationMethod', 'Static')
    },
  },
  {
    part,
    item: 'Private DNS zones and their links',
    resources: [
      ...['blob', 'vault', 'database', 'apps'].flatMap((zone) => [`zone-${zone}`, `zone-${zone}-link`]),
      'zone-apps-all',
      'zone-apps-apex',
    ],
    check(graph) {
      equal(graph, 'zone-blob', 'privateZoneName', 'privatelink.blob.core.windows.net')
      equal(graph, 'zone-vault', 'privateZoneName', 'privatelink.vaultcore.azure.net')
      equal(graph, 'zone-database', 'privateZoneName', 'instandt-prod.private.postgres.database.azure.com')
      equal(graph, 'zone-apps', 'privateZoneName', 'lively-sea-1a2b3c4d.westeurope.azurecontainerapps.io')
      equal(graph, 'zone-apps-all', 'aRecords.0.ipv4Address', '10.40.0.62')
      for (const zone of ['blob', 'vault', 'database', 'apps'])
        equal(graph, `zone-${zone}-link`, 'virtualNetwork.id', idOf(graph, 'vnet'))
      const waits = (later: string, earlier: string) =>
        assert.ok(waitsFor(graph, one(graph, later), one(graph, earlier)), `${later} waits for ${earlier}`)
      waits('database', 'zone-database-link')
      waits('blob-names', 'zone-blob-link')
      waits('vault-names', 'zone-vault-link')
    },
  },
]
