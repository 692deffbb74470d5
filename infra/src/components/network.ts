import type * as pulumi from '@pulumi/pulumi'
import * as azure from '@pulumi/azure-native/provider.js'
import * as network from '@pulumi/azure-native/network/index.js'
import * as privatedns from '@pulumi/azure-native/privatedns/index.js'
import { type AddressPlan, planAddresses } from '../address-plan.ts'
import { type Flow, flowsOf } from '../flows.ts'
import type { Observability } from './observability.ts'
import { Part, type Place } from './part.ts'

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
  private readonly providers = new Map<string, azure.Provider>()

  constructor(place: Place, logs: Observability) {
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
        ...(settings.dnsServers ? { dhcpOptions: { dnsServers: settings.dnsServers } } : {}),
      },
      // The subnets are resources of their own; listing them here too would let each erase the other.
      this.child({ protect: settings.locks, ignoreChanges: ['subnets'] }),
    )
    this.networkId = vnet.id

    const flows = flowsOf(plan, settings.dnsServers ?? [])
    const group = (part: keyof AddressPlan) => this.securityGroup(part, flows[part], logs)
    const groups = {
      apps: group('apps'),
      database: group('database'),
      endpoints: group('endpoints'),
      link: group('link'),
    }
    const nat = settings.natGateway ? this.natGateway(logs) : undefined
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

  private securityGroup(part: string, flows: Flow[], logs: Observability): network.NetworkSecurityGroup {
    const { names, tags, resourceGroupName, location } = this.place
    const group = new network.NetworkSecurityGroup(
      `nsg-${part}`,
      {
        networkSecurityGroupName: names.securityGroup(part),
        resourceGroupName,
        location,
        tags,
        // In the order written, each direction counted by itself.
        securityRules: flows.map((one, index) => ({ ...one, priority: 100 + index * 10 })),
      },
      this.child(),
    )
    this.logTo(logs.workspaceId, `nsg-${part}`, group.id, { logs: true })
    return group
  }

  private natGateway(logs: Observability): network.NatGateway {
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
    const gateway = new network.NatGateway(
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
    this.logTo(logs.workspaceId, 'nat', gateway.id, { metrics: true })
    return gateway
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

  /** The customer's central zone or one of our own, linked to our network unless its name servers know it already. */
  private zone(
    part: string,
    name: string,
    vnet: network.VirtualNetwork,
    centralId: string | undefined,
  ): { id: pulumi.Input<string>; links: pulumi.Resource[] } {
    const { settings, tags, resourceGroupName } = this.place
    if (centralId !== undefined) {
      if (settings.dnsServers) return { id: centralId, links: [] }
      const [, subscription = '', , group = ''] = centralId.split('/').slice(1)
      const centralName = centralId.split('/').at(-1) ?? ''
      const provider = this.providerOf(subscription)
      return { id: centralId, links: [this.zoneLink(part, centralName, group, vnet, provider ? { provider } : {})] }
    }
    const zone = new privatedns.PrivateZone(
      `zone-${part}`,
      { privateZoneName: name, resourceGroupName, location: 'global', tags },
      this.child(),
    )
    return { id: zone.id, links: [this.zoneLink(part, zone.name, resourceGroupName, vnet)] }
  }

  private zoneLink(
    part: string,
    privateZoneName: pulumi.Input<string>,
    resourceGroupName: pulumi.Input<string>,
    vnet: network.VirtualNetwork,
    more: pulumi.CustomResourceOptions = {},
  ): privatedns.VirtualNetworkLink {
    return new privatedns.VirtualNetworkLink(
      `zone-${part}-link`,
      {
        virtualNetworkLinkName: this.place.names.network,
        privateZoneName,
        resourceGroupName,
        location: 'global',
        registrationEnabled: false,
        virtualNetwork: { id: vnet.id },
        tags: this.place.tags,
      },
      this.child(more),
    )
  }

  /** Central zones mostly lie in a subscription of their own. */
  private providerOf(subscriptionId: string): azure.Provider | undefined {
    if (subscriptionId.toLowerCase() === this.place.settings.subscriptionId.toLowerCase()) return undefined
    const known = this.providers.get(subscriptionId)
    if (known) return known
    const made = new azure.Provider(`subscription-${subscriptionId}`, { subscriptionId }, { parent: this })
    this.providers.set(subscriptionId, made)
    return made
  }
}
