import { above, type AlertRule, below, type MetricRule, type Watching } from './rules.ts'

const database = (rule: Omit<MetricRule, 'kind' | 'on'>): AlertRule => ({ kind: 'metric', on: 'database', ...rule })

const databaseAlerts = ({ connections, isBurstable, hasStandby }: Watching): AlertRule[] => [
  database({
    name: 'database-down',
    what: 'The database does not answer',
    severity: 0,
    metric: 'is_db_alive',
    aggregation: 'Maximum',
    limit: below(1),
    minutes: 5,
  }),
  database({
    name: 'database-cpu',
    what: 'The database computes without a pause',
    severity: 2,
    metric: 'cpu_percent',
    aggregation: 'Average',
    limit: above(85),
    minutes: 15,
  }),
  database({
    name: 'database-memory',
    what: 'The database has little memory left',
    severity: 2,
    metric: 'memory_percent',
    aggregation: 'Average',
    limit: above(90),
    minutes: 15,
  }),
  database({
    name: 'database-disk',
    what: 'The disk is filling; at 95 % nothing can be stored',
    severity: 1,
    metric: 'storage_percent',
    aggregation: 'Average',
    limit: above(80),
    minutes: 15,
  }),
  database({
    name: 'database-connections',
    what: 'Four fifths of the connections are taken',
    severity: 2,
    metric: 'active_connections',
    aggregation: 'Maximum',
    limit: above(Math.floor(connections * 0.8)),
    minutes: 5,
  }),
  database({
    name: 'database-transaction-ids',
    what: 'Old transaction numbers are not cleaned up',
    severity: 1,
    metric: 'maximum_used_transactionIDs',
    aggregation: 'Maximum',
    limit: above(1_000_000_000),
    minutes: 60,
  }),
  ...(isBurstable
    ? [
        database({
          name: 'database-credits',
          what: 'The burstable server has nearly spent its credits',
          severity: 2,
          metric: 'cpu_credits_remaining',
          aggregation: 'Average',
          limit: below(30),
          minutes: 15,
        }),
      ]
    : []),
  ...(hasStandby
    ? [
        {
          kind: 'activity' as const,
          name: 'database-failover',
          what: 'The standby took over, or is not healthy',
          severity: 1 as const,
          // Azure tells the state of the standby as the server's resource health.
          conditions: [
            { field: 'category', equals: 'ResourceHealth' },
            { field: 'resourceType', equals: 'Microsoft.DBforPostgreSQL/flexibleServers' },
          ],
          scope: 'group' as const,
        },
      ]
    : []),
]

export const dataAlerts = (watching: Watching): AlertRule[] => [
  ...databaseAlerts(watching),
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
    // Not 401: with it the vault tells every new client where to fetch its token.
    dimensions: [{ name: 'StatusCode', values: ['403', '429', '500', '503'] }],
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
]
