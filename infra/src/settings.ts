import { z } from 'zod'
import { faultOfAddressSpace } from './address-plan.ts'
import { coresOf, databaseSku } from './database-sizes.ts'
import {
  isDirectConnectRegion,
  isFrontDoorLinkRegion,
  listDirectConnectRegions,
  listFrontDoorLinkRegions,
} from './regions.ts'
import { defaultsOf } from './presets.ts'
import { settingsKeys } from './settings-keys.ts'

const shape = z.object(settingsKeys)
export type SettingsKey = keyof typeof settingsKeys

/** The validated configuration of one installation. */
export type Settings = z.output<typeof shape> & {
  /** Name of the stack. */
  environment: string
  /** e.g. Standard_D4ds_v5 */
  databaseSku: string
  'edge.region': string
}

/** Everything that is wrong with a configuration, each with what to do about it. */
export class SettingsError extends Error {
  readonly faults: string[]

  constructor(environment: string, faults: string[]) {
    super(
      `Pulumi.${environment}.yaml has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/** Keys whose values must be encrypted in the file. */
export const secretKeys = ['registryToken', 'databasePassword'] as const satisfies SettingsKey[]

/**
 * Reads an installation's configuration; keys that are not given take the preset's value.
 * @param given texts as they stand in `Pulumi.<environment>.yaml`, without the project's prefix
 * @param inTheClear keys whose values the file does not encrypt
 * @throws SettingsError with all faults at once
 */
export function readSettings(
  environment: string,
  given: Record<string, string | undefined>,
  inTheClear: (key: SettingsKey) => boolean = () => false,
): Settings {
  const faults: string[] = []
  for (const key of secretKeys)
    if (given[key] !== undefined && inTheClear(key))
      faults.push(`${key}: stands in the clear; set it with \`pulumi config set --secret ${key}\``)
  if (!/^[a-z][a-z0-9]{0,7}$/.test(environment))
    faults.push(`the stack is called '${environment}': use 1 to 8 small letters and digits, such as prod or test`)
  for (const key of Object.keys(given))
    if (!(key in settingsKeys)) faults.push(`${key}: there is no such key; infra/platform/Pulumi.yaml lists them all`)
  const known = Object.entries(given).filter(([key, value]) => key in settingsKeys && value !== undefined)
  const preset = settingsKeys.preset.safeParse(given['preset'])
  if (!preset.success) faults.push('preset: choose production, non-production or minimal')
  const values = { ...defaultsOf(preset.data ?? 'production'), ...Object.fromEntries(known) }
  const parsed = shape.safeParse({ ...values, preset: preset.data ?? 'production' })
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const key = String(issue.path[0])
      const hint = settingsKeys[key as SettingsKey].description ?? ''
      const isMissing = (values as Record<string, unknown>)[key] === undefined
      faults.push(isMissing ? `${key}: is not set (${hint})` : `${key}: ${issue.message} (${hint})`)
    }
    throw new SettingsError(environment, faults)
  }
  const settings = parsed.data
  const sku = databaseSku(settings.databaseTier, settings.databaseCores)
  const region = { 'edge.region': settings['edge.region'] ?? settings.location }
  faults.push(...crossFaults({ ...settings, ...region }, sku))
  if (faults.length > 0 || sku === undefined) throw new SettingsError(environment, faults)
  return { ...settings, ...region, environment, databaseSku: sku }
}

type Checked = z.output<typeof shape> & { 'edge.region': string }

/** Rules between keys. */
function crossFaults(settings: Checked, sku: string | undefined): string[] {
  const isProduction = settings.preset === 'production'
  const addressFault = faultOfAddressSpace(settings.addressSpace)
  const { databaseTier: tier, databaseHighAvailability: availability } = settings
  const { 'edge.link': link, 'edge.existingEnvironmentId': oldEnvironment } = settings
  const rules: [boolean, string][] = [
    [addressFault !== undefined, `addressSpace: ${addressFault ?? ''}`],
    [
      sku === undefined,
      `databaseCores: ${tier} is sold with ${coresOf(tier).join(', ')} vCores, not ${settings.databaseCores}; choose one of them`,
    ],
    [
      tier === 'Burstable' && availability !== 'Disabled',
      `databaseHighAvailability: Burstable servers have no high availability; set it to Disabled, or databaseTier to GeneralPurpose`,
    ],
    [
      isProduction && tier === 'Burstable',
      'databaseTier: Burstable slows down when its credits are spent; production needs GeneralPurpose or MemoryOptimized',
    ],
    [
      isProduction && tier !== 'Burstable' && availability === 'Disabled',
      'databaseHighAvailability: production needs ZoneRedundant, or SameZone where the region has no zones',
    ],
    [
      settings.databaseAuth === 'password' && settings.databasePassword === undefined,
      'databasePassword: is needed with databaseAuth password; set it with `pulumi config set --secret databasePassword`',
    ],
    [
      settings.databaseAuth === 'password' && settings.databasePasswordExpires === undefined,
      'databasePasswordExpires: is needed with databaseAuth password; set the day by which it is changed, e.g. 2027-06-30',
    ],
    [
      settings.backendReplicas > settings.backendReplicasMost,
      'backendReplicasMost: is below backendReplicas; raise it',
    ],
    [
      settings.frontendReplicas > settings.frontendReplicasMost,
      'frontendReplicasMost: is below frontendReplicas; raise it',
    ],
    [
      isProduction && Math.min(settings.backendReplicas, settings.frontendReplicas) < 2,
      'backendReplicas, frontendReplicas: production needs 2 or more of each, or a restart is an outage',
    ],
    [settings.backendCpu + settings.workerCpu > 4, 'workerCpu: server and worker together may have 4 vCPU; lower one'],
    [
      !isFrontDoorLinkRegion(settings['edge.region']),
      `edge.region: Front Door has no private link in ${settings['edge.region']}; choose the nearest of ${listFrontDoorLinkRegions()}`,
    ],
    [
      link === 'privateLinkService' && oldEnvironment === undefined && !isDirectConnectRegion(settings.location),
      `edge.link: a private link service cannot point at an address in ${settings.location}, only in ${listDirectConnectRegions()}; use managedEnvironment`,
    ],
    [
      link === 'managedEnvironment' && oldEnvironment !== undefined,
      'edge.existingEnvironmentId: environments of the older kind take no private endpoint; set edge.link to privateLinkService, or leave it out and a new environment is made',
    ],
    [
      (oldEnvironment === undefined) !== (settings['edge.linkSubnetId'] === undefined),
      'edge.linkSubnetId: and edge.existingEnvironmentId belong together; a link service stands in the network of its load balancer',
    ],
    [
      settings.dnsZone !== 'elsewhere' && settings.dnsZoneName === undefined,
      'dnsZoneName: is needed unless dnsZone is elsewhere',
    ],
    [
      settings.dnsZone === 'existing' && settings.dnsZoneGroup === undefined,
      'dnsZoneGroup: is needed with dnsZone existing',
    ],
    [
      settings.dnsZoneName !== undefined &&
        settings.publicHost !== settings.dnsZoneName &&
        !settings.publicHost.endsWith(`.${settings.dnsZoneName}`),
      `publicHost: ${settings.publicHost} is not in the zone ${settings.dnsZoneName}`,
    ],
    [
      isProduction && settings.wafMode === 'Detection',
      'wafMode: Detection blocks nothing; production needs Prevention. Try new rules in a test stage first',
    ],
    [
      settings.storageColdDays > 0 && settings.storageColdDays <= settings.storageCoolDays,
      'storageColdDays: must be later than storageCoolDays',
    ],
    [
      settings.entraMode === 'existing' && settings.entraClientId === undefined,
      'entraClientId: is needed with entraMode existing',
    ],
    [
      settings.entraMode === 'create' && settings.entraClientId !== undefined,
      'entraClientId: would not be used with entraMode create; remove it, or set entraMode to existing',
    ],
    [
      settings.alerts && settings.alertEmail === undefined && settings.alertWebhook === undefined,
      'alertEmail: alerts that reach nobody help nobody; set it or alertWebhook, or alerts to false',
    ],
    [isProduction && !settings.alerts, 'alerts: production needs them; set it to true'],
    [isProduction && !settings.locks, 'locks: production keeps its data behind locks; set it to true'],
    [
      (settings.allowedCountries ?? []).some((country) => !/^[A-Z]{2}$/.test(country)),
      'allowedCountries: two capital letters each, such as DE,FR',
    ],
    [
      (settings.allowedAddresses ?? []).some((one) => !isNetwork(one)),
      'allowedAddresses: networks such as 203.0.113.0/24, separated by commas',
    ],
  ]
  return rules.filter(([isFault]) => isFault).map(([, fault]) => fault)
}

const isNetwork = (one: string): boolean => z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]).safeParse(one).success
