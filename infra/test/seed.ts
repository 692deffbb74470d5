// What an installation must have, row by row, and which test says so: the table of docs/deploy-azure.md is made from it.
import { appRows } from './seed/app-rows.ts'
import { dataRows } from './seed/data-rows.ts'
import { edgeRows } from './seed/edge-rows.ts'
import { networkRows } from './seed/network-rows.ts'
import { operationRows } from './seed/operation-rows.ts'
import type { SeedRow } from './seed/row.ts'

export const seed: SeedRow[] = [...networkRows, ...appRows, ...edgeRows, ...dataRows, ...operationRows]

/** Rows that `production` does not show: the test that holds them, by file and name. */
export const elsewhere: { part: string; item: string; resources: string[]; file: string; test: string }[] = [
  {
    part: 'Network',
    item: 'the customer’s central zones, or their name servers',
    resources: ['zone-blob-link', 'vnet'],
    file: 'switches',
    test: 'central DNS zones',
  },
  {
    part: 'Network',
    item: 'without NAT gateway',
    resources: ['subnet-apps'],
    file: 'switches',
    test: 'natGateway false',
  },
  {
    part: 'Front Door and firewall',
    item: 'edge.link privateLinkService, direct connect',
    resources: ['link', 'origin-backend', 'origin-frontend'],
    file: 'switches',
    test: 'edge.link privateLinkService: our own',
  },
  {
    part: 'Front Door and firewall',
    item: 'the load balancer of an existing older environment',
    resources: ['link'],
    file: 'switches',
    test: 'edge.link privateLinkService with edge.existingEnvironmentId',
  },
  {
    part: 'Front Door and firewall',
    item: 'the link’s subnet in every preset',
    resources: ['subnet-link'],
    file: 'production',
    test: 'every preset has the link’s subnet',
  },
  {
    part: 'DNS',
    item: 'alias at the apex',
    resources: ['record-alias'],
    file: 'switches',
    test: 'the zone’s own name',
  },
  { part: 'DNS', item: 'printed records', resources: [], file: 'switches', test: 'dnsZone elsewhere' },
  {
    part: 'DNS',
    item: 'an existing zone',
    resources: ['record-cname', 'custom-domain'],
    file: 'switches',
    test: 'dnsZone existing',
  },
  {
    part: 'PostgreSQL',
    item: 'exact sizes of each tier',
    resources: ['database'],
    file: 'settings',
    test: 'sizes are exactly those that are sold',
  },
  {
    part: 'PostgreSQL',
    item: 'high availability on Burstable refused',
    resources: ['database'],
    file: 'settings',
    test: 'high availability on Burstable is refused by name',
  },
  {
    part: 'PostgreSQL',
    item: 'Burstable outside production',
    resources: ['database', 'alert-database-credits'],
    file: 'switches',
    test: 'burstable servers',
  },
  {
    part: 'PostgreSQL',
    item: 'password mode',
    resources: ['database', 'secret-instandt-admin-database-url', 'vault-migrate-admin'],
    file: 'switches',
    test: 'databaseAuth password',
  },
  {
    part: 'Blob storage',
    item: 'immutable objects',
    resources: ['immutable-instandt'],
    file: 'switches',
    test: 'storageImmutableDays',
  },
  {
    part: 'Key Vault',
    item: 'session keys, made and changed inside the network',
    resources: ['job-ops'],
    file: 'apps/backend/src/secrets/secrets.db',
    test: 'keys rotate',
  },
  {
    part: 'Entra ID',
    item: 'an existing application',
    resources: ['backend'],
    file: 'switches',
    test: 'entraMode existing',
  },
  {
    part: 'Operation',
    item: 'names within Azure’s limits',
    resources: [],
    file: 'names',
    test: 'the longest names fit',
  },
  {
    part: 'Operation',
    item: 'planted mistakes, each told in a sentence',
    resources: [],
    file: 'mistakes',
    test: 'every rule has',
  },
  {
    part: 'Stacks',
    item: 'three presets',
    resources: [],
    file: 'settings',
    test: 'needs nothing but the keys without a default',
  },
]

/** The table as it stands in docs/deploy-azure.md. */
export function seedTable(): string {
  const parts = [...new Set(seed.map((row) => row.part))]
  const names = (resources: string[]): string => resources.map((name) => `\`${name}\``).join(', ')
  const rows = parts.flatMap((part) => [
    ...seed.filter((row) => row.part === part).map((row) => [part, row.item, names(row.resources), '`production`']),
    ...elsewhere
      .filter((row) => row.part === part)
      .map(({ item, resources, file, test }) => [part, item, names(resources), `\`${file}\`: ${test}`]),
  ])
  const lines = [['part', 'what', 'resources', 'test'], ['---', '---', '---', '---'], ...rows]
  return lines.map((cells) => (cells[0] === '---' ? '|---|---|---|---|' : `| ${cells.join(' | ')} |`)).join('\n')
}
