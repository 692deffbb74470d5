import type { AddressPlan } from './address-plan.ts'

export interface Flow {
  name: string
  direction: 'Inbound' | 'Outbound'
  access: 'Allow' | 'Deny'
  protocol: 'Tcp' | '*'
  sourceAddressPrefix: string
  sourcePortRange: '*'
  destinationAddressPrefix: string
  /** One range, `*` among them, stands here … */
  destinationPortRange?: string
  /** … and several here. */
  destinationPortRanges?: string[]
}

/** Where Azure's own name server answers in every network. */
const azureNames = '168.63.129.16'

function flow(name: string, direction: Flow['direction'], from: string, to: string, ports: string[]): Flow {
  // Names travel by UDP as well, and inside a subnet everything may.
  const protocol = ports.includes('53') || ports.includes('*') ? '*' : 'Tcp'
  return {
    name,
    direction,
    access: 'Allow',
    protocol,
    sourceAddressPrefix: from,
    sourcePortRange: '*',
    destinationAddressPrefix: to,
    ...(ports.length === 1 ? { destinationPortRange: ports[0] ?? '*' } : { destinationPortRanges: ports }),
  }
}

const deny = (direction: Flow['direction']): Flow => ({
  ...flow(`deny-${direction.toLowerCase()}`, direction, '*', '*', ['*']),
  access: 'Deny',
})

/** What may pass into and out of each subnet; the last rule of each direction refuses everything else. */
export function flowsOf(plan: AddressPlan, dnsServers: string[]): Record<keyof AddressPlan, Flow[]> {
  const names = (from: string): Flow[] =>
    [azureNames, ...dnsServers].map((server, index) =>
      flow(index === 0 ? 'names' : `names-${index}`, 'Outbound', from, server, ['53']),
    )
  return {
    apps: [
      // The balancer hands what comes in at 443 to port 31443 of the environment's proxy, which this group sees too.
      flow('from-network', 'Inbound', 'VirtualNetwork', plan.apps, ['443', '31443']),
      flow('within', 'Inbound', plan.apps, plan.apps, ['*']),
      flow('balancer', 'Inbound', 'AzureLoadBalancer', plan.apps, ['30000-32767']),
      deny('Inbound'),
      flow('within-out', 'Outbound', plan.apps, plan.apps, ['*']),
      ...names(plan.apps),
      flow('database', 'Outbound', plan.apps, plan.database, ['5432']),
      flow('endpoints', 'Outbound', plan.apps, plan.endpoints, ['443']),
      flow('directory', 'Outbound', plan.apps, 'AzureActiveDirectory', ['443']),
      flow('monitor', 'Outbound', plan.apps, 'AzureMonitor', ['443']),
      flow('platform-images', 'Outbound', plan.apps, 'MicrosoftContainerRegistry', ['443']),
      flow('platform-edge', 'Outbound', plan.apps, 'AzureFrontDoor.FirstParty', ['443']),
      // The registry and its download hosts are known by name only, and security groups do not filter by name.
      flow('registry', 'Outbound', plan.apps, 'Internet', ['443']),
      deny('Outbound'),
    ],
    database: [
      flow('from-apps', 'Inbound', plan.apps, plan.database, ['5432']),
      // Server and standby talk on both ports, whether the pooler on 6432 is used or not.
      flow('standby', 'Inbound', plan.database, plan.database, ['5432', '6432']),
      deny('Inbound'),
      flow('standby-out', 'Outbound', plan.database, plan.database, ['5432', '6432']),
      ...names(plan.database),
      flow('write-ahead-log', 'Outbound', plan.database, 'Storage', ['443']),
      flow('directory', 'Outbound', plan.database, 'AzureActiveDirectory', ['443']),
      deny('Outbound'),
    ],
    endpoints: [flow('from-apps', 'Inbound', plan.apps, plan.endpoints, ['443']), deny('Inbound'), deny('Outbound')],
    link: [deny('Inbound'), flow('to-apps', 'Outbound', plan.link, plan.apps, ['443', '31443']), deny('Outbound')],
  }
}
