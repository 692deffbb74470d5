// Switches of network, edge and names, each against the recorded graph.
import assert from 'node:assert/strict'
import { at, ofType, one, waitsFor } from '../graph-of.ts'
import { has, type Switch } from './switch.ts'

const old =
  '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-old/providers/Microsoft.App/managedEnvironments/cae-old'
const oldSubnet =
  '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-old/providers/Microsoft.Network/virtualNetworks/vnet-old/subnets/snet-link'
const central = (name: string): string =>
  `/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/${name}`

const centralZones = {
  blobZoneId: central('privatelink.blob.core.windows.net'),
  vaultZoneId: central('privatelink.vaultcore.azure.net'),
  databaseZoneId: central('hub.postgres.database.azure.com'),
}

export const networkSwitches: Switch[] = [
  {
    what: 'edge.link privateLinkService: our own link service on the environment’s address',
    given: { 'edge.link': 'privateLinkService', location: 'eastus2' },
    check(graph) {
      const link = one(graph, 'link')
      assert.equal(at(link, 'destinationIPAddress'), '10.40.0.62')
      assert.equal(at(link, 'loadBalancerFrontendIpConfigurations'), undefined)
      const addresses = at(link, 'ipConfigurations') as { primary: boolean; subnet: { id: string } }[]
      assert.equal(addresses.length, 2, 'an even number, two or more')
      assert.deepEqual(
        addresses.map((address) => address.primary),
        [true, false],
      )
      for (const { subnet } of addresses) assert.match(subnet.id, /subnet-link$/)
      for (const part of ['backend', 'frontend']) {
        assert.match(
          String(at(one(graph, `origin-${part}`), 'sharedPrivateLinkResource.privateLink.id')),
          /PrivateLinkService\/link$/,
        )
        assert.equal(at(one(graph, `origin-${part}`), 'sharedPrivateLinkResource.groupId'), undefined)
      }
    },
  },
  {
    what: 'edge.link privateLinkService with edge.existingEnvironmentId: an older environment is found, its balancer linked',
    given: {
      'edge.link': 'privateLinkService',
      'edge.existingEnvironmentId': old,
      'edge.linkSubnetId': oldSubnet,
    },
    check(graph) {
      assert.equal(ofType(graph, 'app:ManagedEnvironment').length, 0)
      assert.deepEqual(
        graph.lookups.map((lookup) => [lookup.token.split(':').at(-1), lookup.inputs['resourceGroupName']]),
        [
          ['getManagedEnvironment', 'rg-old'],
          ['getLoadBalancer', 'MC_old-sea-1a2b3c4d-rg_old-sea-1a2b3c4d_westeurope'],
        ],
      )
      assert.match(String(at(one(graph, 'link'), 'loadBalancerFrontendIpConfigurations.0.id')), /kubernetes-internal/)
      assert.equal(at(one(graph, 'link'), 'ipConfigurations.0.subnet.id'), oldSubnet)
      assert.equal(at(one(graph, 'link'), 'destinationIPAddress'), undefined)
      assert.equal(at(one(graph, 'backend'), 'environmentId'), old)
      assert.ok(has(graph, 'subnet-link'), 'made all the same')
    },
  },
  {
    what: 'edge.region: the nearest region with private link',
    given: { location: 'polandcentral', 'edge.region': 'germanywestcentral' },
    check: (graph) =>
      assert.equal(
        at(one(graph, 'origin-backend'), 'sharedPrivateLinkResource.privateLinkLocation'),
        'germanywestcentral',
      ),
  },
  {
    what: 'natGateway false: no address of our own',
    given: { natGateway: 'false' },
    check(graph) {
      assert.ok(!has(graph, 'nat') && !has(graph, 'nat-address'))
      assert.equal(at(one(graph, 'subnet-apps'), 'natGateway'), undefined)
    },
  },
  {
    what: 'central DNS zones: none of our own, linked to our network through their subscription',
    given: centralZones,
    check(graph) {
      assert.deepEqual(
        ofType(graph, 'privatedns:PrivateZone').map((zone) => zone.name),
        ['zone-apps'],
      )
      assert.equal(at(one(graph, 'blob-names'), 'privateDnsZoneConfigs.0.privateDnsZoneId'), centralZones.blobZoneId)
      assert.equal(at(one(graph, 'database'), 'network.privateDnsZoneArmResourceId'), centralZones.databaseZoneId)
      for (const [part, name] of Object.entries({
        blob: 'privatelink.blob.core.windows.net',
        vault: 'privatelink.vaultcore.azure.net',
        database: 'hub.postgres.database.azure.com',
      })) {
        const link = one(graph, `zone-${part}-link`)
        assert.equal(at(link, 'privateZoneName'), name)
        assert.equal(at(link, 'resourceGroupName'), 'rg-hub')
        assert.match(String(at(link, 'virtualNetwork.id')), /vnet$/)
        assert.equal(link.provider, 'subscription-33333333-3333-4333-8333-333333333333')
        assert.ok(waitsFor(graph, one(graph, 'database'), link))
      }
      assert.equal(one(graph, 'zone-apps-link').provider, undefined)
    },
  },
  {
    what: 'central DNS zones behind name servers of the customer: asked, not linked',
    given: { ...centralZones, dnsServers: '10.0.0.4, 10.0.0.5' },
    check(graph) {
      assert.deepEqual(
        ofType(graph, 'privatedns:VirtualNetworkLink').map((link) => link.name),
        ['zone-apps-link'],
      )
      assert.deepEqual(at(one(graph, 'vnet'), 'dhcpOptions.dnsServers'), ['10.0.0.4', '10.0.0.5'])
      for (const part of ['apps', 'database']) {
        const rules = at(one(graph, `nsg-${part}`), 'securityRules') as Record<string, string>[]
        const asked = rules.filter((rule) => rule['destinationPortRange'] === '53')
        assert.deepEqual(
          asked.map((rule) => rule['destinationAddressPrefix']),
          ['168.63.129.16', '10.0.0.4', '10.0.0.5'],
        )
      }
    },
  },
  {
    what: 'dnsZone existing: records in the zone’s own group',
    given: { dnsZone: 'existing', dnsZoneGroup: 'rg-dns' },
    check(graph) {
      assert.ok(!has(graph, 'zone-public'))
      assert.equal(at(one(graph, 'record-cname'), 'resourceGroupName'), 'rg-dns')
      assert.match(
        String(at(one(graph, 'custom-domain'), 'azureDnsZone.id')),
        /resourceGroups\/rg-dns\/providers\/Microsoft.Network\/dnsZones\/example\.com$/,
      )
    },
  },
  {
    what: 'dnsZone elsewhere: nothing entered, the records are printed',
    given: { dnsZone: 'elsewhere', dnsZoneName: undefined },
    check(graph) {
      assert.equal(ofType(graph, 'dns:RecordSet').length, 0)
      const { dns } = graph.outputs['deployment'] as {
        dns: { zone: null; records: { name: string; type: string; value: string }[] }
      }
      assert.equal(dns.zone, null)
      assert.deepEqual(
        dns.records.map(({ name, type }) => [name, type]),
        [
          ['ndt.example.com', 'CNAME'],
          ['_dnsauth.ndt.example.com', 'TXT'],
        ],
      )
      assert.match(dns.records[0]?.value ?? '', /azurefd\.net$/)
    },
  },
  {
    what: 'the zone’s own name: an alias instead of a CNAME',
    given: { publicHost: 'example.com' },
    check(graph) {
      assert.equal(at(one(graph, 'record-alias'), 'recordType'), 'A')
      assert.match(String(at(one(graph, 'record-alias'), 'targetResource.id')), /front-door-endpoint$/)
      assert.equal(at(one(graph, 'record-txt'), 'relativeRecordSetName'), '_dnsauth')
    },
  },
  {
    what: 'customDomain false: the generated name answers until the zone is delegated',
    given: { customDomain: 'false' },
    check(graph) {
      assert.ok(has(graph, 'zone-public') && !has(graph, 'custom-domain'))
      assert.equal(at(one(graph, 'route-frontend'), 'linkToDefaultDomain'), 'Enabled')
      assert.equal((at(one(graph, 'firewall-everywhere'), 'parameters.associations.0.domains') as unknown[]).length, 1)
    },
  },
  {
    what: 'wafMode Detection in a test stage',
    preset: 'non-production',
    given: { wafMode: 'Detection' },
    check: (graph) => assert.equal(at(one(graph, 'firewall'), 'policySettings.mode'), 'Detection'),
  },
  {
    what: 'allowedCountries and allowedAddresses block everybody else',
    given: { allowedCountries: 'DE,AT', allowedAddresses: '203.0.113.0/24' },
    check(graph) {
      const rules = at(one(graph, 'firewall'), 'customRules.rules') as {
        name: string
        action: string
        matchConditions: { negateCondition: boolean; matchValue: string[] }[]
      }[]
      const blocks = rules.filter((rule) => rule.name.startsWith('Other'))
      assert.deepEqual(
        blocks.map((rule) => [
          rule.action,
          rule.matchConditions[0]?.negateCondition,
          rule.matchConditions[0]?.matchValue,
        ]),
        [
          ['Block', true, ['203.0.113.0/24']],
          ['Block', true, ['DE', 'AT']],
        ],
      )
      assert.ok(!has(graph, 'alert-site-unreachable'), 'the places that ask would be blocked too')
    },
  },
]
