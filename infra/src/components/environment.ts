import * as pulumi from '@pulumi/pulumi'
import * as app from '@pulumi/azure-native/app/index.js'
import * as network from '@pulumi/azure-native/network/index.js'
import * as privatedns from '@pulumi/azure-native/privatedns/index.js'
import type { Network } from './network.ts'
import type { Observability } from './observability.ts'
import { Part, type Place } from './part.ts'

/** Internal Container Apps environment, and the way Front Door comes to it. */
export class Environment extends Part {
  readonly id: pulumi.Output<string>
  readonly name: pulumi.Output<string>
  readonly defaultDomain: pulumi.Output<string>
  readonly staticIp: pulumi.Output<string>
  /** What Front Door's private endpoint is asked to connect to, and as which kind. */
  readonly linkTarget: { id: pulumi.Output<string>; groupId?: string }
  readonly linkServiceName: pulumi.Output<string> | undefined

  constructor(place: Place, net: Network, logs: Observability) {
    super('Environment', place)
    const existing = place.settings['edge.existingEnvironmentId']
    const environment = existing === undefined ? this.make(net, logs) : this.find(existing)
    this.id = environment.id
    this.name = environment.name
    this.defaultDomain = environment.defaultDomain
    this.staticIp = environment.staticIp
    this.privateNames(net)
    if (place.settings['edge.link'] === 'managedEnvironment') {
      this.linkTarget = { id: this.id, groupId: 'managedEnvironments' }
    } else {
      const link = this.linkService(net)
      this.linkTarget = { id: link.id }
      this.linkServiceName = link.name
    }
    this.registerOutputs({ id: this.id })
  }

  private make(net: Network, logs: Observability): app.ManagedEnvironment {
    const { names, settings, tags, resourceGroupName, location } = this.place
    const environment = new app.ManagedEnvironment(
      'environment',
      {
        environmentName: names.managedEnvironment,
        resourceGroupName,
        location,
        tags,
        // `internal` alone still leaves a public way in through the management of private endpoints: both are needed.
        vnetConfiguration: { infrastructureSubnetId: net.appsSubnetId, internal: true },
        publicNetworkAccess: 'Disabled',
        // Always written: an empty list has meant the older kind of environment.
        workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
        infrastructureResourceGroup: names.environmentGroup,
        zoneRedundant: settings.zoneRedundant,
        peerTrafficConfiguration: { encryption: { enabled: true } },
        appLogsConfiguration: { destination: 'azure-monitor' },
        appInsightsConfiguration: { connectionString: logs.insightsConnectionString },
        openTelemetryConfiguration: {
          tracesConfiguration: { destinations: ['appInsights'] },
          logsConfiguration: { destinations: ['appInsights'] },
        },
      },
      this.child({ protect: settings.locks, customTimeouts: { create: '60m' } }),
    )
    this.logTo(logs.workspaceId, 'environment', environment.id, { logs: true, metrics: true })
    return environment
  }

  private find(id: string) {
    const [, resourceGroupName = '', name = ''] = /resourceGroups\/([^/]+)\/.*\/([^/]+)$/i.exec(id) ?? []
    const found = app.getManagedEnvironmentOutput({ environmentName: name, resourceGroupName }, { parent: this })
    return {
      id: pulumi.output(id),
      name: pulumi.output(name),
      defaultDomain: found.defaultDomain,
      staticIp: found.staticIp,
    }
  }

  /** The apps' names for whoever is inside the network; Front Door does not need them. */
  private privateNames(net: Network): void {
    const { names, tags, resourceGroupName } = this.place
    const zone = new privatedns.PrivateZone(
      'zone-apps',
      { privateZoneName: this.defaultDomain, resourceGroupName, location: 'global', tags },
      this.child(),
    )
    new privatedns.VirtualNetworkLink(
      'zone-apps-link',
      {
        virtualNetworkLinkName: names.network,
        privateZoneName: zone.name,
        resourceGroupName,
        location: 'global',
        registrationEnabled: false,
        virtualNetwork: { id: net.networkId },
        tags,
      },
      this.child(),
    )
    for (const [part, relativeRecordSetName] of Object.entries({ all: '*', apex: '@' })) {
      new privatedns.PrivateRecordSet(
        `zone-apps-${part}`,
        {
          privateZoneName: zone.name,
          resourceGroupName,
          relativeRecordSetName,
          recordType: 'A',
          ttl: 300,
          aRecords: [{ ipv4Address: this.staticIp }],
        },
        this.child(),
      )
    }
  }

  /** A private link service of our own: on the environment's address, or on the older kind's load balancer. */
  private linkService(net: Network): network.PrivateLinkService {
    const { names, settings, tags, resourceGroupName, location } = this.place
    const addresses = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        name: `address-${index + 1}`,
        subnet: { id: settings['edge.linkSubnetId'] ?? net.linkSubnetId },
        privateIPAllocationMethod: 'Dynamic',
        primary: index === 0,
      }))
    const target =
      settings['edge.existingEnvironmentId'] === undefined
        ? // Direct connect wants an even number of addresses, two or more.
          { destinationIPAddress: this.staticIp, ipConfigurations: addresses(2) }
        : {
            loadBalancerFrontendIpConfigurations: [{ id: this.loadBalancerFrontend() }],
            ipConfigurations: addresses(1),
          }
    return new network.PrivateLinkService(
      'link',
      {
        serviceName: names.link,
        resourceGroupName,
        location,
        tags,
        enableProxyProtocol: false,
        // Nobody is approved unseen: Front Door's endpoint stands in a subscription of the platform.
        autoApproval: { subscriptions: [] },
        visibility: { subscriptions: ['*'] },
        ...target,
      },
      this.child(),
    )
  }

  private loadBalancerFrontend(): pulumi.Output<string> {
    // The older kind keeps its balancer in a group named after the first part of its domain.
    const group = this.defaultDomain.apply((domain) => {
      const id = domain.split('.')[0] ?? ''
      return `MC_${id}-rg_${id}_${this.place.location}`
    })
    const balancer = network.getLoadBalancerOutput(
      { loadBalancerName: 'kubernetes-internal', resourceGroupName: group },
      { parent: this },
    )
    return balancer.apply((found) => {
      const id = found.frontendIPConfigurations?.[0]?.id
      if (id === undefined) throw new Error('the existing environment has no load balancer kubernetes-internal')
      return id
    })
  }
}
