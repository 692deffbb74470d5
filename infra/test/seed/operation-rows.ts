import assert from 'node:assert/strict'
import { alertTable, watchingOf } from '../../src/alert-table.ts'
import { sampleSettings } from '../../src/graph/presets.ts'
import { readSettings } from '../../src/settings.ts'
import { at, ofType, one } from '../graph-of.ts'
import { equal, idOf, type SeedRow } from './row.ts'

const part = 'Operation'

/** Whose logs and metrics are kept, by the name of the diagnostic setting. */
const kept = {
  'blob-diagnostics': 'storage/blobServices/default',
  'database-diagnostics': 'database',
  'environment-diagnostics': 'environment',
  'front-door-diagnostics': 'front-door',
  'nat-diagnostics': 'nat',
  'nsg-apps-diagnostics': 'nsg-apps',
  'nsg-database-diagnostics': 'nsg-database',
  'nsg-endpoints-diagnostics': 'nsg-endpoints',
  'nsg-link-diagnostics': 'nsg-link',
  'vault-diagnostics': 'vault',
}

export const operationRows: SeedRow[] = [
  {
    part,
    item: 'Log Analytics, Application Insights, OpenTelemetry agent',
    resources: ['logs', 'insights', 'environment'],
    check(graph) {
      equal(graph, 'logs', 'retentionInDays', 90)
      equal(graph, 'logs', 'features.disableLocalAuth', true)
      equal(graph, 'insights', 'workspaceResourceId', idOf(graph, 'logs'))
      equal(graph, 'environment', 'appLogsConfiguration', { destination: 'azure-monitor' })
      equal(graph, 'environment', 'openTelemetryConfiguration', {
        tracesConfiguration: { destinations: ['appInsights'] },
        logsConfiguration: { destinations: ['appInsights'] },
      })
      equal(graph, 'environment', 'appInsightsConfiguration.connectionString', '«secret»')
    },
  },
  {
    part,
    item: 'Diagnostic settings',
    resources: Object.keys(kept),
    check(graph) {
      const found = ofType(graph, 'monitor:DiagnosticSetting').map((node) => node.name)
      assert.deepEqual(found.toSorted(), Object.keys(kept))
      for (const [name, target] of Object.entries(kept)) {
        assert.ok(String(at(one(graph, name), 'resourceUri')).endsWith(`/${target}`), name)
        equal(graph, name, 'workspaceId', idOf(graph, 'logs'))
        const [logs, metrics] = ['logs', 'metrics'].map((what) => at(one(graph, name), `${what}.0.enabled`))
        // Security groups measure nothing, the gateway writes nothing.
        assert.deepEqual(
          [logs, metrics],
          [name === 'nat-diagnostics' ? undefined : true, name.startsWith('nsg') ? undefined : true],
        )
      }
    },
  },
  {
    part,
    item: 'Alerts of the table, and who is told',
    resources: ['alert-group', 'alert-site-down', 'alert-site-unreachable', 'alert-database-down', 'site-unreachable'],
    check(graph) {
      equal(graph, 'alert-group', 'emailReceivers.0.emailAddress', 'ndt-operations@example.com')
      const settings = readSettings('prod', { ...sampleSettings, preset: 'production' })
      for (const { name, what } of alertTable(watchingOf(settings))) {
        const alert = one(graph, `alert-${name}`)
        assert.equal(alert.inputs['description'], what)
        assert.match(JSON.stringify(alert.inputs['actions']), /alert-group/, `${name} tells somebody`)
      }
    },
  },
  {
    part,
    item: 'Budget',
    resources: ['budget'],
    check(graph) {
      equal(graph, 'budget', 'amount', 1500)
      equal(graph, 'budget', 'scope', idOf(graph, 'group'))
      const notes = at(one(graph, 'budget'), 'notifications') as Record<
        string,
        { threshold: number; thresholdType: string }
      >
      assert.deepEqual(
        Object.values(notes)
          .map(({ threshold, thresholdType }) => `${threshold} ${thresholdType}`)
          .toSorted(),
        ['100 Actual', '100 Forecasted', '50 Actual', '80 Actual'],
      )
      assert.deepEqual(one(graph, 'budget').ignoreChanges, ['timePeriod'])
    },
  },
  {
    part,
    item: 'Locks on what holds data',
    resources: ['storage-lock', 'database-lock', 'vault-lock'],
    check(graph) {
      for (const name of ['storage', 'database', 'vault']) {
        equal(graph, `${name}-lock`, 'level', 'CanNotDelete')
        equal(graph, `${name}-lock`, 'scope', idOf(graph, name))
      }
      for (const name of ['storage', 'database', 'vault', 'container-instandt', 'database-instandt']) {
        assert.equal(one(graph, name).protect, true, `${name} is protected`)
        assert.equal(one(graph, name).retainOnDelete, true, `${name} stays`)
      }
    },
  },
  {
    part,
    item: 'Tags on everything that takes them',
    resources: ['group'],
    check(graph) {
      equal(graph, 'group', 'tags', {
        preset: 'production',
        workload: 'instandt',
        environment: 'prod',
        owner: 'ndt-team@example.com',
        costCenter: '4711',
        dataClassification: 'confidential',
        managedBy: 'pulumi',
        stack: 'prod',
        version: '1.0.0',
      })
      const tagged = graph.nodes.filter((node) => node.inputs['tags'] !== undefined)
      const wanted = Object.entries(one(graph, 'group').inputs['tags'] as object)
      for (const node of tagged)
        for (const [tag, value] of wanted)
          assert.equal((node.inputs['tags'] as Record<string, string>)[tag], value, `${node.name}: ${tag}`)
    },
  },
  {
    part: 'Stacks',
    item: 'A slow platform and a fast release',
    resources: ['backend', 'frontend'],
    check(graph) {
      const fast = graph.nodes.filter((node) => node.stack === 'release' && node.type.startsWith('azure-native:'))
      const others = fast.filter((node) => node.type !== 'azure-native:monitor:MetricAlert').map((node) => node.name)
      assert.deepEqual(
        others.toSorted(),
        ['backend', 'frontend'],
        'a release touches the two apps and their alerts only',
      )
      assert.ok(!graph.nodes.some((node) => node.stack === 'platform' && node.type.endsWith(':ContainerApp')))
    },
  },
]
