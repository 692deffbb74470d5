/** What an alert watches; the ids are known once the parts are made. */
export type Watched = 'frontDoor' | 'backend' | 'frontend' | 'migrateJob' | 'database' | 'storage' | 'vault'

interface Common {
  /** Also the heading of its runbook in docs/operations.md. */
  name: string
  what: string
  /** 0 wakes somebody, 3 is read in the morning. */
  severity: 0 | 1 | 2 | 3
}

export interface MetricRule extends Common {
  kind: 'metric'
  on: Watched
  metric: string
  aggregation: 'Average' | 'Maximum' | 'Minimum' | 'Total' | 'Count'
  /** A number, or what is unusual for this installation. */
  limit: { operator: 'GreaterThan' | 'LessThan' | 'GreaterThanOrEqual'; value: number } | 'unusual'
  minutes: 5 | 15 | 30 | 60
  dimensions?: { name: string; values: string[] }[]
  /** Only where it means anything. */
  only?: 'burstable' | 'high-availability'
}

export interface LogRule extends Common {
  kind: 'log'
  query: string
  minutes: 5 | 15 | 30 | 60 | 1440
}

export interface ActivityRule extends Common {
  kind: 'activity'
  /** Conditions of the activity log, all of which hold. */
  conditions: { field: string; equals: string }[]
}

export type AlertRule = MetricRule | LogRule | ActivityRule

const above = (value: number) => ({ operator: 'GreaterThan' as const, value })
const below = (value: number) => ({ operator: 'LessThan' as const, value })
const blocked = [{ name: 'Action', values: ['Block'] }]

/** @param most replicas the backend may have @param connections the database may hold */
export function alertTable(most: { backend: number; frontend: number }, connections: number): AlertRule[] {
  const perApp = (['backend', 'frontend'] as const).flatMap((on): AlertRule[] => [
    {
      kind: 'metric',
      name: `${on}-errors`,
      what: 'More answers 5xx than usual',
      severity: 1,
      on,
      metric: 'Requests',
      aggregation: 'Total',
      limit: 'unusual',
      minutes: 15,
      dimensions: [{ name: 'statusCodeCategory', values: ['5xx'] }],
    },
    {
      kind: 'metric',
      name: `${on}-restarts`,
      what: 'Replicas restart again and again',
      severity: 1,
      on,
      metric: 'RestartCount',
      aggregation: 'Maximum',
      limit: above(3),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: `${on}-replicas-missing`,
      what: 'No replica is running',
      severity: 0,
      on,
      metric: 'Replicas',
      aggregation: 'Maximum',
      limit: below(1),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: `${on}-replicas-most`,
      what: 'As many replicas as allowed for a quarter of an hour',
      severity: 2,
      on,
      metric: 'Replicas',
      aggregation: 'Minimum',
      limit: { operator: 'GreaterThanOrEqual', value: most[on] },
      minutes: 15,
    },
    {
      kind: 'metric',
      name: `${on}-cpu`,
      what: 'Processors are busy',
      severity: 2,
      on,
      metric: 'CpuPercentage',
      aggregation: 'Average',
      limit: above(85),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: `${on}-memory`,
      what: 'Memory is nearly full',
      severity: 2,
      on,
      metric: 'MemoryPercentage',
      aggregation: 'Average',
      limit: above(85),
      minutes: 15,
    },
  ])
  return [
    {
      kind: 'metric',
      name: 'site-down',
      what: 'Front Door sees no healthy origin',
      severity: 0,
      on: 'frontDoor',
      metric: 'OriginHealthPercentage',
      aggregation: 'Average',
      limit: below(90),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: 'site-errors',
      what: 'More than 2 % of the answers are 5xx',
      severity: 1,
      on: 'frontDoor',
      metric: 'Percentage5XX',
      aggregation: 'Average',
      limit: above(2),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: 'site-slow',
      what: 'Answers take more than 3 s',
      severity: 2,
      on: 'frontDoor',
      metric: 'TotalLatency',
      aggregation: 'Average',
      limit: above(3000),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: 'firewall-blocks',
      what: 'The firewall blocks more than usual',
      severity: 2,
      on: 'frontDoor',
      metric: 'WebApplicationFirewallRequestCount',
      aggregation: 'Total',
      limit: 'unusual',
      minutes: 15,
      dimensions: blocked,
    },
    {
      kind: 'log',
      name: 'firewall-blocks-uploads',
      what: 'The firewall blocked a DICOM request',
      severity: 2,
      minutes: 15,
      query:
        'AzureDiagnostics | where Category == "FrontDoorWebApplicationFirewallLog" and action_s == "Block" and requestUri_s contains "/dicom-web"',
    },
    ...perApp,
    {
      kind: 'log',
      name: 'image-pull',
      what: 'An image or a secret cannot be fetched',
      severity: 1,
      minutes: 15,
      query:
        'ContainerAppSystemLogs | where Reason in ("ImagePullBackOff", "ImagePullFailure", "ErrImagePull") or Log has "unable to fetch secret"',
    },
    {
      kind: 'metric',
      name: 'migration-failed',
      what: 'The migration job failed',
      severity: 1,
      on: 'migrateJob',
      metric: 'Executions',
      aggregation: 'Total',
      limit: { operator: 'GreaterThanOrEqual', value: 1 },
      minutes: 5,
      dimensions: [{ name: 'state', values: ['Failed'] }],
    },
    {
      kind: 'metric',
      name: 'database-down',
      what: 'The database does not answer',
      severity: 0,
      on: 'database',
      metric: 'is_db_alive',
      aggregation: 'Maximum',
      limit: below(1),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: 'database-cpu',
      what: 'The database computes without a pause',
      severity: 2,
      on: 'database',
      metric: 'cpu_percent',
      aggregation: 'Average',
      limit: above(85),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: 'database-memory',
      what: 'The database has little memory left',
      severity: 2,
      on: 'database',
      metric: 'memory_percent',
      aggregation: 'Average',
      limit: above(90),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: 'database-disk',
      what: 'The disk is filling; at 95 % nothing can be stored',
      severity: 1,
      on: 'database',
      metric: 'storage_percent',
      aggregation: 'Average',
      limit: above(80),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: 'database-connections',
      what: 'Four fifths of the connections are taken',
      severity: 2,
      on: 'database',
      metric: 'active_connections',
      aggregation: 'Maximum',
      limit: above(Math.floor(connections * 0.8)),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: 'database-transaction-ids',
      what: 'Old transaction numbers are not cleaned up',
      severity: 1,
      on: 'database',
      metric: 'maximum_used_transactionIDs',
      aggregation: 'Maximum',
      limit: above(1_000_000_000),
      minutes: 60,
    },
    {
      kind: 'metric',
      name: 'database-credits',
      what: 'The burstable server has nearly spent its credits',
      severity: 2,
      on: 'database',
      metric: 'cpu_credits_remaining',
      aggregation: 'Average',
      limit: below(30),
      minutes: 15,
      only: 'burstable',
    },
    {
      kind: 'log',
      name: 'database-failover',
      what: 'The standby took over, or is not healthy',
      severity: 1,
      minutes: 15,
      query:
        'AzureActivity | where ResourceProviderValue =~ "MICROSOFT.DBFORPOSTGRESQL" and CategoryValue == "ResourceHealth" and ActivityStatusValue == "Active"',
    },
    {
      kind: 'metric',
      name: 'storage-availability',
      what: 'Blob storage refuses or fails',
      severity: 1,
      on: 'storage',
      metric: 'Availability',
      aggregation: 'Average',
      limit: below(99.9),
      minutes: 5,
    },
    {
      kind: 'metric',
      name: 'storage-slow',
      what: 'Blob storage answers slowly',
      severity: 2,
      on: 'storage',
      metric: 'SuccessE2ELatency',
      aggregation: 'Average',
      limit: above(2000),
      minutes: 15,
    },
    {
      kind: 'metric',
      name: 'storage-refused',
      what: 'Somebody without the right asks for blobs',
      severity: 2,
      on: 'storage',
      metric: 'Transactions',
      aggregation: 'Total',
      limit: above(10),
      minutes: 5,
      dimensions: [{ name: 'ResponseType', values: ['AuthorizationError', 'AuthenticationError'] }],
    },
    {
      kind: 'metric',
      name: 'vault-failures',
      what: 'The key vault refuses or fails',
      severity: 2,
      on: 'vault',
      metric: 'ServiceApiResult',
      aggregation: 'Count',
      limit: above(5),
      minutes: 15,
      dimensions: [{ name: 'StatusCode', values: ['401', '403', '429', '500', '503'] }],
    },
    {
      kind: 'log',
      name: 'secret-expires',
      what: 'A secret runs out within 30 days',
      severity: 2,
      minutes: 1440,
      query:
        'AzureDiagnostics | where ResourceProvider == "MICROSOFT.KEYVAULT" and OperationName in ("SecretNearExpiryEventGridNotification", "SecretExpiredEventGridNotification")',
    },
    {
      kind: 'activity',
      name: 'platform-trouble',
      what: 'Azure reports trouble in our region',
      severity: 2,
      conditions: [{ field: 'category', equals: 'ServiceHealth' }],
    },
    {
      kind: 'activity',
      name: 'resource-trouble',
      what: 'Azure reports that one of our resources is not healthy',
      severity: 2,
      conditions: [{ field: 'category', equals: 'ResourceHealth' }],
    },
    {
      kind: 'activity',
      name: 'role-changed',
      what: 'Somebody gave or took a role',
      severity: 2,
      conditions: [
        { field: 'category', equals: 'Administrative' },
        { field: 'operationName', equals: 'Microsoft.Authorization/roleAssignments/write' },
      ],
    },
    {
      kind: 'activity',
      name: 'lock-removed',
      what: 'Somebody removed a lock',
      severity: 1,
      conditions: [
        { field: 'category', equals: 'Administrative' },
        { field: 'operationName', equals: 'Microsoft.Authorization/locks/delete' },
      ],
    },
    {
      kind: 'activity',
      name: 'link-changed',
      what: 'A private connection to the environment changed',
      severity: 2,
      conditions: [
        { field: 'category', equals: 'Administrative' },
        { field: 'operationName', equals: 'Microsoft.App/managedEnvironments/privateEndpointConnections/write' },
      ],
    },
  ]
}
