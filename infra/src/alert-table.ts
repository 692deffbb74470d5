import { appAlerts } from './alerts/app-alerts.ts'
import { dataAlerts } from './alerts/data-alerts.ts'
import { edgeAlerts } from './alerts/edge-alerts.ts'
import { platformAlerts } from './alerts/platform-alerts.ts'
import type { AlertRule, Watching } from './alerts/rules.ts'
import { regionTitle } from './regions.ts'
import type { Settings } from './settings.ts'

/** Every rule an installation is watched by. */
export const alertTable = (watching: Watching): AlertRule[] => [
  ...edgeAlerts,
  ...appAlerts(watching),
  ...dataAlerts(watching),
  ...platformAlerts(watching),
]

export const watchingOf = (settings: Settings): Watching => ({
  backend: { least: settings.backendReplicas, most: settings.backendReplicasMost },
  frontend: { least: settings.frontendReplicas, most: settings.frontendReplicasMost },
  connections: databaseConnections(settings.databaseTier, settings.databaseCores),
  isBurstable: settings.databaseTier === 'Burstable',
  hasStandby: settings.databaseHighAvailability !== 'Disabled',
  regionTitle: regionTitle(settings.location),
})

/** Connections a server allows by default: they follow its memory (Azure documentation). */
export function databaseConnections(tier: Settings['databaseTier'], cores: number): number {
  // The two smallest burstable sizes have 2 GiB a core; the first has a number of its own.
  if (tier === 'Burstable' && cores === 1) return 50
  const gibPerCore = tier === 'MemoryOptimized' ? 8 : tier === 'Burstable' && cores === 2 ? 2 : 4
  return Math.min(5000, Math.floor((cores * gibPerCore * 1024) / 9.53))
}
