import { above, type AlertRule, atLeast, below, type Watching } from './rules.ts'

function alertsOf(on: 'backend' | 'frontend', { least, most }: { least: number; most: number }): AlertRule[] {
  return [
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
    ...(least === 0
      ? []
      : [
          {
            kind: 'metric' as const,
            name: `${on}-replicas-missing`,
            what: `Fewer than ${least} replica(s) run`,
            severity: 1 as const,
            on,
            metric: 'Replicas',
            aggregation: 'Maximum' as const,
            limit: below(least),
            minutes: 5 as const,
          },
        ]),
    // Where there is nothing to scale, the most is always reached.
    ...(most === least
      ? []
      : [
          {
            kind: 'metric' as const,
            name: `${on}-replicas-most`,
            what: 'As many replicas as allowed for a quarter of an hour',
            severity: 2 as const,
            on,
            metric: 'Replicas',
            aggregation: 'Minimum' as const,
            limit: atLeast(most),
            minutes: 15 as const,
          },
        ]),
    ...(['Cpu', 'Memory'] as const).map((part): AlertRule => ({
      kind: 'metric',
      name: `${on}-${part.toLowerCase()}`,
      what: part === 'Cpu' ? 'Processors are busy' : 'Memory is nearly full',
      severity: 2,
      on,
      metric: `${part}Percentage`,
      aggregation: 'Average',
      limit: above(85),
      minutes: 15,
    })),
  ]
}

export const appAlerts = ({ backend, frontend }: Watching): AlertRule[] => [
  ...alertsOf('backend', backend),
  ...alertsOf('frontend', frontend),
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
    limit: atLeast(1),
    minutes: 5,
    dimensions: [{ name: 'state', values: ['Failed'] }],
  },
]
