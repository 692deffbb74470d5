import { createHash } from 'node:crypto'
import { shortRegion } from './regions.ts'
import type { Settings } from './settings.ts'

const namespace = Buffer.from('6f1d2c1e5b0a4e5f9a3c7f5d4d0b8a21', 'hex')

/** A GUID that is the same for the same parts (RFC 9562, version 5). */
export function nameGuid(...parts: string[]): string {
  const bytes = createHash('sha1').update(namespace).update(parts.join('\n')).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * Resource names after the Cloud Adoption Framework: abbreviation, workload, environment, region. Names that must be
 * free in the whole world carry a hash of the subscription, since a deleted vault keeps its name for 90 days.
 */
export function createNames(settings: Settings) {
  const { workload, environment } = settings
  const region = shortRegion(settings.location)
  const hash = createHash('sha256')
    .update([settings.subscriptionId, workload, environment, settings.location, settings.nameSalt].join('\n'))
    .digest('hex')
    .slice(0, 5)
  // A cut-off name stays unique by its hash; two hyphens side by side are refused.
  const cut = (text: string, most: number): string => text.slice(0, most).replace(/-$/, '')
  const full = (abbreviation: string): string => `${abbreviation}-${workload}-${environment}-${region}`
  const short = (abbreviation: string): string => `${abbreviation}-${workload}-${environment}`
  return {
    resourceGroup: full('rg'),
    environmentGroup: `${full('rg')}-apps`,
    network: full('vnet'),
    subnet: (part: string) => `snet-${part}`,
    securityGroup: (part: string) => `${full('nsg')}-${part}`,
    natGateway: full('ng'),
    publicAddress: full('pip'),
    endpoint: (part: string) => `${full('pep')}-${part}`,
    link: full('pl'),
    logs: full('log'),
    insights: full('appi'),
    identity: (part: string) => `${full('id')}-${part}`,
    vault: `${cut(short('kv'), 18)}-${hash}`,
    storage: `${cut(`st${workload}${environment}`, 19)}${hash}`,
    database: `${full('psql')}-${hash}`,
    databaseZone: `${workload}-${environment}.private.postgres.database.azure.com`,
    managedEnvironment: full('cae'),
    app: (part: string) => `${short('ca')}-${part}`,
    job: (part: string) => `${short('caj')}-${part}`,
    profile: full('afd'),
    frontDoorEndpoint: `${short('fde')}-${hash}`,
    wafPolicy: `fdfp${workload}${environment}`,
    actionGroup: full('ag'),
    budget: short('budget'),
    /** Stands in the request for the private endpoint; approval looks for exactly this text. */
    linkMessage: `${workload} ${environment} ${hash}`,
  }
}

export type Names = ReturnType<typeof createNames>
