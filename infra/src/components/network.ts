import type * as pulumi from '@pulumi/pulumi'
import * as network from '@pulumi/azure-native/network/index.js'
import * as privatedns from '@pulumi/azure-native/privatedns/index.js'
import { planAddresses } from '../address-plan.ts'
import { Part, type Place } from './part.ts'

interface Rule {
  name: string
  direction: 'Inbound' | 'Outbound'
  access: 'Allow' | 'Deny'
  protocol: string
  sourceAddressPrefix: string
  sourcePortRange: string
  destinationAddressPrefix: string
  destinationPortRange?: string
  destinationPortRanges?: string[]
}

const flow = (
  name: string,
  direction: 'Inbound' | 'Outbound',
  from: string,
  to: string,
  ports: string[],
  access: 'Allow' | 'Deny' = 'Allow',
): Rule => ({
  name,
  direction,
  access,
  protocol: ports.includes('53') || ports.includes('*') ? '*' : 'Tcp',
  sourceAddressPrefix: from,
  sourcePortRange: '*',
  destinationAddressPrefix: to,
  ...(ports.length === 1 ? { destinationPortRange: ports[0] ?? '*' } : { destinationPortRanges: ports }),
})

/** Virtual network, subnets with only the flows they need, address for what goes out, private names. */
export class Network extends Part {
  readonly networkId: pulumi.Output<string>
  readonly appsSubnetId: pulumi.Output<string>
  readonly databaseSubnetId: pulumi.Output<string>
  readonly endpointsSubnetId: pulumi.Output<string>
  readonly linkSubnetId: pulumi.Output<string>
  /** Ids of the private zones; made and linked before anything that is found through them. */
  readonly zoneIds: { blob: pulumi.Input<string>; vault: pulumi.Input<string>; database: pulumi.Input<string> }
  /** What must stand before names resolve. */
  readonly zoneLinks: pulumi.Resource[]

  constructor(place: Place) {
    super('Network', place)
    const { names, settings, tags, resourceGroupName, location } = place
    const plan = planAddresses(settings.addressSpace)
    const vnet = new network.VirtualNetwork(
      'vnet',
      {
        virtualNetworkName: names.network,
        resourceGroupName,
        location,
        tags,
        addressSpace: { addressPrefixes: [settings.addressSpace] },
      },
      // The subnets are resources of their own; listing them here too would let each erase the other.
      this.child({ protect: settings.locks, ignoreChanges: ['subnets'] }),
    )
    this.networkId = vnet.id

    const deny = (direction: 'Inbound' | 'Outbound'): Rule =>
      flow(`deny-${direction.toLowerCase()}`, direction, '*', '*', ['*'], 'Deny')
    const groups = {
      apps: this.securityGroup('apps', [
        flow('from-network', 'Inbound', 'VirtualNetwork', plan.apps, ['443']),
        flow('within', 'Inbound', plan.apps, plan.apps, ['*']),
        flow('balancer', 'Inbound', 'AzureLoadBalancer', plan.apps, ['30000-32767']),
        deny('Inbound'),
        flow('within-out', 'Outbound', plan.apps, plan.apps, ['*']),
        flow('names', 'Outbound', plan.apps, '168.63.129.16', ['53']),
        flow('database', 'Outbound', plan.apps, plan.database, ['5432', '6432']),
        flow('endpoints', 'Outbound', plan.apps, plan.endpoints, ['443']),
        flow('directory', 'Outbound', plan.apps, 'AzureActiveDirectory', ['443']),
        flow('monitor', 'Outbound', plan.apps, 'AzureMonitor', ['443']),
        flow('platform-images', 'Outbound', plan.apps, 'MicrosoftContainerRegistry', ['443']),
        flow('platform-edge', 'Outbound', plan.apps, 'AzureFrontDoor.FirstParty', ['443']),
        // The registry and its download hosts are known by name only, and security groups do not filter by name.
        flow('registry', 'Outbound', plan.apps, 'Internet', ['443']),
        deny('Outbound'),
      ]),
      database: this.securityGroup('database', [
        flow('from-apps', 'Inbound', plan.apps, plan.database, ['5432', '6432']),
        flow('standby', 'Inbound', plan.database, plan.database, ['5432', '6432']),
        deny('Inbound'),
        flow('standby-out', 'Outbound', plan.database, plan.database, ['5432', '6432']),
        flow('write-ahead-log', 'Outbound', plan.database, 'Storage', ['443']),
        flow('directory', 'Outbound', plan.database, 'AzureActiveDirectory', ['443']),
        flow('no-internet', 'Outbound', plan.database, 'Internet', ['*'], 'Deny'),
      ]),
      endpoints: this.securityGroup('endpoints', [
        flow('from-apps', 'Inbound', plan.apps, plan.endpoints, ['443']),
        deny('Inbound'),
        deny('Outbound'),
      ]),
      link: this.securityGroup('link', [flow('to-apps', 'Outbound', plan.link, plan.apps, ['443']), deny('Outbound')]),
    }

    const nat = settings.natGateway ? this.natGateway() : undefined
    // One after another: the network takes one change at a time and refuses a second meanwhile.
    const apps = this.subnet(vnet, 'apps', plan.apps, groups.apps, undefined, {
      delegations: [{ name: 'environment', serviceName: 'Microsoft.App/environments' }],
      ...(nat ? { natGateway: { id: nat.id } } : {}),
    })
    const database = this.subnet(vnet, 'database', plan.database, groups.database, apps, {
      delegations: [{ name: 'database', serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers' }],
      serviceEndpoints: [{ service: 'Microsoft.Storage' }],
    })
    const endpoints = this.subnet(vnet, 'endpoints', plan.endpoints, groups.endpoints, database, {
      privateEndpointNetworkPolicies: 'Enabled',
    })
    const link = this.subnet(vnet, 'link', plan.link, groups.link, endpoints, {
      privateLinkServiceNetworkPolicies: 'Disabled',
    })
    this.appsSubnetId = apps.id
    this.databaseSubnetId = database.id
    this.endpointsSubnetId = endpoints.id
    this.linkSubnetId = link.id

    const blob = this.zone('blob', 'privatelink.blob.core.windows.net', vnet, settings.blobZoneId)
    const vault = this.zone('vault', 'privatelink.vaultcore.azure.net', vnet, settings.vaultZoneId)
    const databaseZone = this.zone('database', names.databaseZone, vnet, settings.databaseZoneId)
    this.zoneIds = { blob: blob.id, vault: vault.id, database: databaseZone.id }
    this.zoneLinks = [...blob.links, ...vault.links, ...databaseZone.links]
    this.registerOutputs({ networkId: this.networkId })
  }

  private securityGroup(part: string, rules: Rule[]): network.NetworkSecurityGroup {
    const { names, tags, resourceGroupName, location } = this.place
    return new network.NetworkSecurityGroup(
      `nsg-${part}`,
      {
        networkSecurityGroupName: names.securityGroup(part),
        resourceGroupName,
        location,
        tags,
        // In the order written, each direction counted by itself.
        securityRules: rules.map((rule, index) => ({ ...rule, priority: 100 + index * 10 })),
      },
      this.child(),
    )
  }

  private natGateway(): network.NatGateway {
    const { names, tags, resourceGroupName, location } = this.place
    const address = new network.PublicIPAddress(
      'nat-address',
      {
        publicIpAddressName: names.publicAddress,
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard' },
        publicIPAllocationMethod: 'Static',
      },
      this.child(),
    )
    return new network.NatGateway(
      'nat',
      {
        natGatewayName: names.natGateway,
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard' },
        idleTimeoutInMinutes: 10,
        publicIpAddresses: [{ id: address.id }],
      },
      this.child(),
    )
  }

  private subnet(
    vnet: network.VirtualNetwork,
    part: string,
    addressPrefix: string,
    group: network.NetworkSecurityGroup,
    before: network.Subnet | undefined,
    more: Partial<network.SubnetArgs>,
  ): network.Subnet {
    return new network.Subnet(
      `subnet-${part}`,
      {
        subnetName: this.place.names.subnet(part),
        resourceGroupName: this.place.resourceGroupName,
        virtualNetworkName: vnet.name,
        addressPrefix,
        networkSecurityGroup: { id: group.id },
        ...more,
      },
      this.child(before ? { dependsOn: [before] } : {}),
    )
  }

  /** The customer's central zone, or one of our own linked to our network. */
  private zone(
    part: string,
    name: string,
    vnet: network.VirtualNetwork,
    centralId: string | undefined,
  ): { id: pulumi.Input<string>; links: pulumi.Resource[] } {
    if (centralId !== undefined) return { id: centralId, links: [] }
    const { tags, resourceGroupName } = this.place
    const zone = new privatedns.PrivateZone(
      `zone-${part}`,
      { privateZoneName: name, resourceGroupName, location: 'global', tags },
      this.child(),
    )
    const link = new privatedns.VirtualNetworkLink(
      `zone-${part}-link`,
      {
        virtualNetworkLinkName: this.place.names.network,
        privateZoneName: zone.name,
        resourceGroupName,
        location: 'global',
        registrationEnabled: false,
        virtualNetwork: { id: vnet.id },
        tags,
      },
      this.child(),
    )
    return { id: zone.id, links: [link] }
  }
}
