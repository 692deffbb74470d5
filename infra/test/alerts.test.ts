// Each metric rule as it reaches Azure, in one line: what is measured, when it speaks, over how long, how loud.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, graphOf, ofType } from './graph-of.ts'

const rules = {
  'backend-cpu': 'Average CpuPercentage GreaterThan 85 PT15M sev2',
  'backend-errors': 'Total Requests statusCodeCategory=5xx GreaterThan usual PT15M sev1',
  'backend-memory': 'Average MemoryPercentage GreaterThan 85 PT15M sev2',
  'backend-replicas-missing': 'Maximum Replicas LessThan 2 PT5M sev1',
  'backend-replicas-most': 'Minimum Replicas GreaterThanOrEqual 10 PT15M sev2',
  'backend-restarts': 'Maximum RestartCount GreaterThan 3 PT15M sev1',
  'database-connections': 'Maximum active_connections GreaterThan 1375 PT5M sev2',
  'database-cpu': 'Average cpu_percent GreaterThan 85 PT15M sev2',
  'database-disk': 'Average storage_percent GreaterThan 80 PT15M sev1',
  'database-down': 'Maximum is_db_alive LessThan 1 PT5M sev0',
  'database-memory': 'Average memory_percent GreaterThan 90 PT15M sev2',
  'database-transaction-ids': 'Maximum maximum_used_transactionIDs GreaterThan 1000000000 PT1H sev1',
  'firewall-blocks': 'Total WebApplicationFirewallRequestCount Action=Block GreaterThan usual PT15M sev2',
  'frontend-cpu': 'Average CpuPercentage GreaterThan 85 PT15M sev2',
  'frontend-errors': 'Total Requests statusCodeCategory=5xx GreaterThan usual PT15M sev1',
  'frontend-memory': 'Average MemoryPercentage GreaterThan 85 PT15M sev2',
  'frontend-replicas-missing': 'Maximum Replicas LessThan 2 PT5M sev1',
  'frontend-replicas-most': 'Minimum Replicas GreaterThanOrEqual 6 PT15M sev2',
  'frontend-restarts': 'Maximum RestartCount GreaterThan 3 PT15M sev1',
  'migration-failed': 'Total Executions state=Failed GreaterThanOrEqual 1 PT5M sev1',
  'site-down': 'Average OriginHealthPercentage OriginGroup=* LessThan 90 PT5M sev0',
  'site-errors': 'Average Percentage5XX GreaterThan 2 PT5M sev1',
  'site-slow': 'Average TotalLatency GreaterThan 3000 PT15M sev2',
  'site-unreachable': '2 places without an answer PT5M sev0',
  'storage-availability': 'Average Availability LessThan 99.9 PT5M sev1',
  'storage-refused': 'Total Transactions ResponseType=AuthorizationError|AuthenticationError GreaterThan 10 PT5M sev2',
  'storage-slow': 'Average SuccessE2ELatency GreaterThan 2000 PT15M sev2',
  'vault-failures': 'Count ServiceApiResult StatusCode=403|429|500|503 GreaterThan 5 PT15M sev2',
}

interface Criterion {
  timeAggregation: string
  metricName: string
  dimensions: { name: string; values: string[] }[]
  operator: string
  threshold?: number
}

function sentence({ timeAggregation, metricName, dimensions, operator, threshold }: Criterion): string {
  const only = dimensions.map(({ name, values }) => `${name}=${values.join('|')}`)
  return [timeAggregation, metricName, ...only, operator, threshold ?? 'usual'].join(' ')
}

test('metric rules of production', async () => {
  const graph = await graphOf('production')
  const found = ofType(graph, 'monitor:MetricAlert').map((alert) => {
    const [criterion] = (at(alert, 'criteria.allOf') ?? []) as Criterion[]
    const what = criterion
      ? sentence(criterion)
      : `${String(at(alert, 'criteria.failedLocationCount'))} places without an answer`
    return [
      alert.inputs['ruleName'],
      `${what} ${String(alert.inputs['windowSize'])} sev${String(alert.inputs['severity'])}`,
    ]
  })
  assert.deepEqual(Object.fromEntries(found), rules)
})

test('rules over logs look into tables that the diagnostic settings fill', async () => {
  const graph = await graphOf('production')
  const tables = ofType(graph, 'monitor:ScheduledQueryRule').map((alert) => {
    const query = String(at(alert, 'criteria.allOf.0.query'))
    return [alert.inputs['ruleName'], query.split(' | ')[0]]
  })
  // AzureDiagnostics: Front Door, vault; ContainerAppSystemLogs: environment. The activity log has rules of its own kind.
  assert.deepEqual(Object.fromEntries(tables), {
    'firewall-blocks-uploads': 'AzureDiagnostics',
    'image-pull': 'ContainerAppSystemLogs',
    'secret-expires': 'AzureDiagnostics',
  })
})

test('rules over the activity log', async () => {
  const graph = await graphOf('production')
  const rulesOf = ofType(graph, 'monitor:ActivityLogAlert').map((alert) => {
    const leaves = JSON.stringify(at(alert, 'condition.allOf')).matchAll(/"(?:equals":|containsAny":\[)"([^"]+)"/g)
    return [alert.inputs['activityLogAlertName'], [...leaves].map(([, value]) => value?.split('/').slice(-2).join('/'))]
  })
  assert.deepEqual(Object.fromEntries(rulesOf), {
    'platform-trouble': ['ServiceHealth', 'West Europe'],
    'resource-trouble': ['ResourceHealth', 'Degraded', 'Unavailable'],
    'database-failover': ['ResourceHealth', 'Microsoft.DBforPostgreSQL/flexibleServers'],
    'role-changed': ['Administrative', 'roleAssignments/write', 'roleAssignments/delete'],
    'lock-removed': ['Administrative', 'locks/delete'],
    'data-removed': [
      'Administrative',
      'storageAccounts/delete',
      'containers/delete',
      'flexibleServers/delete',
      'databases/delete',
      'vaults/delete',
      'resourceGroups/delete',
    ],
    'link-changed': ['Administrative', 'privateEndpointConnections/write', 'privateEndpointConnections/write'],
  })
})
