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
  minutes: 5 | 15 | 60
  dimensions?: { name: string; values: string[] }[]
}

export interface LogRule extends Common {
  kind: 'log'
  query: string
  minutes: 15 | 1440
}

interface Leaf {
  field: string
  equals: string
}

export interface ActivityRule extends Common {
  kind: 'activity'
  /** Conditions of the activity log, all of which hold. */
  conditions: (Leaf | { field: string; containsAny: string[] } | { anyOf: Leaf[] })[]
  /** What happens in our group, or to the whole subscription. */
  scope: 'group' | 'subscription'
}

/** Asks for the public address from several continents. */
export interface AvailabilityRule extends Common {
  kind: 'availability'
  path: string
  /** Places in the world that see no answer. */
  failedLocations: number
}

export type AlertRule = MetricRule | LogRule | ActivityRule | AvailabilityRule

/** What the table depends on. */
export interface Watching {
  backend: { least: number; most: number }
  frontend: { least: number; most: number }
  /** Connections the database allows. */
  connections: number
  isBurstable: boolean
  hasStandby: boolean
  /** The region as Azure's messages call it. */
  regionTitle: string | undefined
}

export const above = (value: number) => ({ operator: 'GreaterThan' as const, value })
export const below = (value: number) => ({ operator: 'LessThan' as const, value })
export const atLeast = (value: number) => ({ operator: 'GreaterThanOrEqual' as const, value })
