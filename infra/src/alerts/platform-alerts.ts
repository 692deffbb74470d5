import type { AlertRule, Watching } from './rules.ts'

const administrative = { field: 'category', equals: 'Administrative' }
const operations = (...names: string[]) => ({
  anyOf: names.map((equals) => ({ field: 'operationName', equals })),
})

export const platformAlerts = ({ regionTitle }: Watching): AlertRule[] => [
  {
    kind: 'activity',
    name: 'platform-trouble',
    what: 'Azure reports trouble in our region',
    severity: 2,
    conditions: [
      { field: 'category', equals: 'ServiceHealth' },
      ...(regionTitle === undefined
        ? []
        : [
            {
              field: 'properties.impactedServices[*].ImpactedRegions[*].RegionName',
              // Front Door and the directory stand in no region.
              containsAny: [regionTitle, 'Global'],
            },
          ]),
    ],
    // Trouble of a service is told to the subscription.
    scope: 'subscription',
  },
  {
    kind: 'activity',
    name: 'resource-trouble',
    what: 'Azure reports that one of our resources is not healthy',
    severity: 2,
    conditions: [
      { field: 'category', equals: 'ResourceHealth' },
      {
        anyOf: ['Degraded', 'Unavailable'].map((equals) => ({ field: 'properties.currentHealthStatus', equals })),
      },
    ],
    scope: 'group',
  },
  {
    kind: 'activity',
    name: 'role-changed',
    what: 'Somebody gave or took a role',
    severity: 2,
    conditions: [
      administrative,
      operations('Microsoft.Authorization/roleAssignments/write', 'Microsoft.Authorization/roleAssignments/delete'),
    ],
    scope: 'group',
  },
  {
    kind: 'activity',
    name: 'lock-removed',
    what: 'Somebody removed a lock',
    severity: 1,
    conditions: [administrative, operations('Microsoft.Authorization/locks/delete')],
    scope: 'group',
  },
  {
    kind: 'activity',
    name: 'data-removed',
    what: 'Somebody deletes what holds data',
    severity: 1,
    conditions: [
      administrative,
      operations(
        'Microsoft.Storage/storageAccounts/delete',
        'Microsoft.Storage/storageAccounts/blobServices/containers/delete',
        'Microsoft.DBforPostgreSQL/flexibleServers/delete',
        'Microsoft.DBforPostgreSQL/flexibleServers/databases/delete',
        'Microsoft.KeyVault/vaults/delete',
        'Microsoft.Resources/subscriptions/resourceGroups/delete',
      ),
    ],
    scope: 'group',
  },
  {
    kind: 'activity',
    name: 'link-changed',
    what: 'A private connection to the environment changed',
    severity: 2,
    conditions: [
      administrative,
      operations(
        'Microsoft.App/managedEnvironments/privateEndpointConnections/write',
        'Microsoft.Network/privateLinkServices/privateEndpointConnections/write',
      ),
    ],
    scope: 'group',
  },
]
