import { z } from 'zod'
import { databaseStorageSizes, databaseTiers } from './database-sizes.ts'

const text = z.string().trim().min(1)
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const id = (type: string) =>
  z.string().regex(new RegExp(`^/subscriptions/[0-9a-f-]{36}/.*/${type}/[^/]+$`, 'i'), `is not the id of a ${type}`)
const zoneId = (name: string) =>
  id('privateDnsZones').refine((value) => value.toLowerCase().endsWith(name), `is not the id of a zone ${name}`)
const image = z
  .string()
  .regex(/^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/, 'must name its digest: registry/path@sha256:…')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
)
const host = z.string().regex(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'is not a host name')
const date = z.iso.date()
/** Container Apps sells vCPU in quarters, each with twice as many GiB. */
const cpu = z.coerce.number().multipleOf(0.25).min(0.25).max(4)

/** Every key of `Pulumi.<environment>.yaml`: its rule and what it means. The stack's name is the environment. */
export const settingsKeys = {
  preset: z.enum(['production', 'non-production', 'minimal']).describe('Where all other keys take their defaults from'),
  subscriptionId: z.guid().describe('Subscription everything is made in'),
  tenantId: z.guid().describe('Directory of that subscription'),
  location: z
    .string()
    .regex(/^[a-z0-9]+$/, 'is not a region such as westeurope')
    .describe('Azure region'),
  workload: z
    .string()
    .regex(/^[a-z][a-z0-9]{1,9}$/, 'is not 2 to 10 small letters and digits')
    .describe('Part of every name'),
  nameSalt: z.string().describe('Changes the world-wide names, where a deleted vault still holds one'),
  owner: text.describe('Tag: who answers for it'),
  costCenter: text.describe('Tag: who pays'),
  dataClassification: text.describe('Tag: class of the data'),

  addressSpace: text.describe('Range of the virtual network, /22 or larger'),
  natGateway: flag.describe('Fixed address for what goes out, e.g. for an allow-list at the registry'),
  blobZoneId: zoneId('privatelink.blob.core.windows.net')
    .optional()
    .describe('Central zone privatelink.blob.core.windows.net; else our own'),
  vaultZoneId: zoneId('privatelink.vaultcore.azure.net')
    .optional()
    .describe('Central zone privatelink.vaultcore.azure.net; else our own'),
  databaseZoneId: zoneId('postgres.database.azure.com').optional().describe('Central zone of PostgreSQL; else our own'),
  dnsServers: list
    .pipe(z.array(z.ipv4()))
    .optional()
    .describe('Name servers of the network that know the central zones; unset: the zones are linked to our network'),

  zoneRedundant: flag.describe('Container Apps over several zones; only at creation'),
  backendCpu: cpu.describe('vCPU of the server; GiB are twice as many'),
  workerCpu: cpu.describe('vCPU of the worker beside it'),
  frontendCpu: cpu.describe('vCPU of the web app'),
  backendReplicas: whole(0, 300).describe('Replicas of the backend at least'),
  backendReplicasMost: whole(1, 300).describe('Replicas of the backend at most'),
  frontendReplicas: whole(0, 300).describe('Replicas of the web app at least'),
  frontendReplicasMost: whole(1, 300).describe('Replicas of the web app at most'),
  backendImage: image.describe('Image the jobs are made with; each run names its own'),
  registryServer: host.describe('Registry of the images'),
  registryUser: text.describe('User of the deploy token (read_registry)'),
  registryToken: text.describe('Its first value, a secret; later ones by `rotate registry-token`'),
  registryTokenExpires: date.describe('Last day of that token, e.g. 2027-06-30'),

  'edge.link': z
    .enum(['managedEnvironment', 'privateLinkService'])
    .describe('How Front Door reaches the environment: its own private endpoint, or a link service of ours'),
  'edge.region': text.optional().describe('Region of Front Door’s private endpoint, where ours has none'),
  'edge.existingEnvironmentId': id('managedEnvironments')
    .optional()
    .describe('Environment of the older kind, with privateLinkService: the link then stands on its load balancer'),
  'edge.linkSubnetId': id('subnets').optional().describe('Subnet of that environment’s network for the link service'),
  publicHost: host.describe('Host name people type'),
  customDomain: flag.describe('Host name at Front Door; off until the zone is delegated'),
  dnsZone: z
    .enum(['create', 'existing', 'elsewhere'])
    .describe('Public zone: ours, one of this subscription, or printed records'),
  dnsZoneName: host.optional().describe('Name of the public zone'),
  dnsZoneGroup: text.optional().describe('Resource group of the existing public zone'),
  wafMode: z.enum(['Prevention', 'Detection']).describe('Detection only counts; for the first weeks of a test stage'),
  allowedCountries: list.optional().describe('Two-letter countries that may connect; unset: all'),
  allowedAddresses: list.optional().describe('Networks that may connect; unset: all'),

  databaseTier: z.enum(databaseTiers).describe('Class of the database server'),
  databaseCores: whole(1, 96).describe('vCores'),
  databaseStorageGb: z.coerce
    .number()
    .refine((gb) => databaseStorageSizes.includes(gb), `is none of ${databaseStorageSizes.join(', ')}`)
    .describe('Disk in GiB; grows by itself, never shrinks'),
  databaseHighAvailability: z.enum(['ZoneRedundant', 'SameZone', 'Disabled']).describe('Standby server'),
  databaseBackupDays: whole(7, 35).describe('Days one can go back'),
  databaseGeoBackup: flag.describe('Backups also in the paired region; only at creation'),
  databaseVersion: z.enum(['16', '17', '18']).describe('PostgreSQL'),
  databaseAuth: z
    .enum(['entra', 'password'])
    .describe('entra: tokens of identities; password: rotated through the vault'),
  databasePassword: z
    .string()
    .min(20)
    .optional()
    .describe('Of the administrator, with databaseAuth password; a secret'),
  databaseRestored: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'is not the name of a server')
    .optional()
    .describe('Name of a restored server that takes the place of ours; docs/deploy-azure.md, Restore'),
  databasePasswordExpires: date.optional().describe('Last day of that password'),

  storageRedundancy: z
    .enum(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
    .describe('Copies of the images'),
  storageDeletedDays: whole(1, 365).describe('Days a deleted object can be brought back'),
  storageVersionDays: whole(1, 3650).describe('Days an older version stays'),
  storageCoolDays: whole(0, 3650).describe('Days until objects move to the cool tier; 0 = never'),
  storageColdDays: whole(0, 3650).describe('Days until objects move to the cold tier; 0 = never'),
  storageImmutableDays: whole(0, 36_500).describe('Days an object cannot be changed or removed; 0 = off'),
  auditImmutableDays: whole(0, 36_500).describe('The same for the heads of the audit’s chain'),

  entraMode: z.enum(['create', 'existing']).describe('Application in Entra ID: made here, or given'),
  entraClientId: z.guid().optional().describe('Client id of the existing application'),
  entraTenantId: z.guid().optional().describe('Its directory, where it is another than tenantId'),
  entraGroupRoles: list.optional().describe('group id=project:role, separated by commas'),
  localAccounts: flag.describe('Accounts with passwords beside Entra ID'),

  alerts: flag.describe('Alert rules'),
  alertEmail: z.email().optional().describe('Who is told'),
  alertWebhook: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('What is told'),
  monthlyBudget: whole(0, 1_000_000).describe('In the currency of the subscription; 0 = none'),
  budgetStart: z
    .string()
    .regex(/^\d{4}-\d\d-01$/, 'is not the first of a month')
    .optional()
    .describe('First month of the budget; unset: that of the first deployment'),
  logDays: whole(30, 730).describe('Days logs stay'),
  logDailyGb: whole(0, 1000).describe('Logs of a day at most; 0 = all'),
  locks: flag.describe('Locks against deletion on what holds data'),
}
