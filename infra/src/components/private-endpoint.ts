import type * as pulumi from '@pulumi/pulumi'
import * as network from '@pulumi/azure-native/network/index.js'
import type { Network } from './network.ts'
import type { Place } from './part.ts'

/** A private address for a resource in our network, and its name in the private zone. */
export function privateEndpoint(
  place: Place,
  parent: pulumi.Resource,
  part: 'blob' | 'vault',
  resourceId: pulumi.Input<string>,
  net: Network,
): network.PrivateDnsZoneGroup {
  const { names, tags, resourceGroupName, location } = place
  const endpoint = new network.PrivateEndpoint(
    `${part}-endpoint`,
    {
      privateEndpointName: names.endpoint(part),
      resourceGroupName,
      location,
      tags,
      subnet: { id: net.endpointsSubnetId },
      privateLinkServiceConnections: [{ name: part, privateLinkServiceId: resourceId, groupIds: [part] }],
    },
    { parent },
  )
  return new network.PrivateDnsZoneGroup(
    `${part}-names`,
    {
      privateDnsZoneGroupName: 'default',
      privateEndpointName: endpoint.name,
      resourceGroupName,
      privateDnsZoneConfigs: [{ name: part, privateDnsZoneId: net.zoneIds[part] }],
    },
    { parent, dependsOn: net.zoneLinks },
  )
}
