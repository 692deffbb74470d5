import type { SettingsKey } from './settings.ts'

export const presets = ['production', 'non-production', 'minimal'] as const
export type Preset = (typeof presets)[number]

/** Texts as they would stand in the configuration file. */
type Defaults = Partial<Record<SettingsKey, string>>

const common: Defaults = {
  workload: 'instandt',
  nameSalt: '',
  dataClassification: 'confidential',
  addressSpace: '10.40.0.0/22',
  natGateway: 'false',
  zoneRedundant: 'false',
  backendCpu: '0.5',
  workerCpu: '0.5',
  frontendCpu: '0.25',
  backendReplicas: '1',
  backendReplicasMost: '3',
  frontendReplicas: '1',
  frontendReplicasMost: '2',
  registryServer: 'registry.gitlab.com',
  'edge.link': 'managedEnvironment',
  customDomain: 'true',
  dnsZone: 'create',
  wafMode: 'Prevention',
  databaseTier: 'Burstable',
  databaseCores: '2',
  databaseStorageGb: '32',
  databaseHighAvailability: 'Disabled',
  databaseBackupDays: '7',
  databaseGeoBackup: 'false',
  databaseVersion: '17',
  databaseAuth: 'entra',
  storageRedundancy: 'Standard_LRS',
  storageDeletedDays: '14',
  storageVersionDays: '30',
  storageCoolDays: '0',
  storageColdDays: '0',
  storageImmutableDays: '0',
  auditImmutableDays: '0',
  entraMode: 'create',
  localAccounts: 'false',
  alerts: 'true',
  monthlyBudget: '0',
  logDays: '30',
  logDailyGb: '2',
  locks: 'false',
}

const byPreset: Record<Preset, Defaults> = {
  production: {
    natGateway: 'true',
    zoneRedundant: 'true',
    backendCpu: '1',
    workerCpu: '1',
    frontendCpu: '0.5',
    backendReplicas: '2',
    backendReplicasMost: '10',
    frontendReplicas: '2',
    frontendReplicasMost: '6',
    databaseTier: 'GeneralPurpose',
    databaseCores: '4',
    databaseStorageGb: '256',
    databaseHighAvailability: 'ZoneRedundant',
    databaseBackupDays: '35',
    storageRedundancy: 'Standard_ZRS',
    storageDeletedDays: '90',
    storageVersionDays: '90',
    storageCoolDays: '90',
    storageColdDays: '365',
    auditImmutableDays: '3650',
    monthlyBudget: '1500',
    logDays: '90',
    logDailyGb: '0',
    locks: 'true',
  },
  'non-production': { monthlyBudget: '600' },
  // For a first look and for trainings: one of each, and no alerts to wake anybody.
  minimal: {
    databaseCores: '1',
    frontendReplicasMost: '1',
    backendReplicasMost: '1',
    alerts: 'false',
    logDailyGb: '1',
  },
}

/** What a preset gives to the keys that are not set. */
export const defaultsOf = (preset: Preset): Defaults => ({ ...common, ...byPreset[preset] })
