import type { Graph, GraphNode } from './record.ts'

export interface Box {
  id: string
  title: string
  lines: string[]
  /** Whose identity it runs as. */
  identity?: string
  x: number
  y: number
  w: number
  h: number
  kind: 'edge' | 'app' | 'job' | 'data' | 'side' | 'outside'
}

export interface Frame {
  title: string
  /** Said inside, where it is empty. */
  note?: string
  x: number
  y: number
  w: number
  h: number
  isNetwork?: boolean
}

/** Corners of a line; the label stands beside one of its ends. */
export interface Arrow {
  path: [x: number, y: number][]
  label?: [text: string, x: number, y: number]
}

/** A value deep inside a resource's inputs, as text. */
function text(node: GraphNode | undefined, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], node?.inputs)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

const finder = (graph: Graph) => (name: string) =>
  graph.nodes.find((node) => node.name === name && !node.type.startsWith('instandt:'))

/** Where each part stands; what it says, and whether it is there at all, comes from the graph. */
export function boxesOf(graph: Graph): Box[] {
  const find = finder(graph)
  const boxes: Box[] = []
  const add = (
    name: string,
    title: string,
    kind: Box['kind'],
    [x, y, w, h]: [number, number, number, number],
    lines: (node: GraphNode) => string[] = () => [],
  ): void => {
    const node = find(name)
    const ids = (node?.inputs['identity'] as { userAssignedIdentities?: string[] } | undefined)?.userAssignedIdentities
    const identity = ids?.[0]?.split('/identity-').at(-1)
    if (node) boxes.push({ id: name, title, kind, x, y, w, h, lines: lines(node), ...(identity ? { identity } : {}) })
  }
  const outside = (id: string, title: string, line: string, [x, y, w, h]: [number, number, number, number]): void =>
    void boxes.push({ id, title, kind: 'outside', x, y, w, h, lines: [line] })
  const list = (node: GraphNode | undefined, ...keys: string[]): unknown[] =>
    (keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], node?.inputs) ??
      []) as unknown[]

  outside('people', 'People and machines', 'HTTPS, TLS 1.2 or newer', [20, 246, 180, 60])
  add('zone-public', 'Public DNS zone', 'side', [222, 70, 188, 64], (node) => [text(node, 'zoneName')])
  const firewall = find('firewall')
  const count = (many: unknown[], word: string): string => `${many.length} ${word}${many.length === 1 ? '' : 's'}`
  add('front-door', 'Front Door', 'edge', [222, 206, 188, 140], (node) => [
    text(node, 'sku.name').replace('_AzureFrontDoor', ''),
    firewall ? `firewall: ${text(firewall, 'policySettings.mode')}` : 'no firewall',
    count(list(firewall, 'managedRules', 'exceptionsList', 'exceptions'), 'exception'),
    count(
      list(firewall, 'customRules', 'rules').filter(
        (rule) => (rule as GraphNode['inputs'])['ruleType'] === 'RateLimitRule',
      ),
      'rate limit',
    ),
    `${text(node, 'originResponseTimeoutSeconds')} s for an answer`,
  ])
  const scale = (node: GraphNode): string =>
    `${text(node, 'template.scale.minReplicas')} to ${text(node, 'template.scale.maxReplicas')} replicas`
  add('frontend', 'App frontend', 'app', [520, 124, 230, 84], (node) => [scale(node)])
  add('backend', 'App backend', 'app', [520, 228, 230, 102], (node) => [
    (list(node, 'template', 'containers') as { name: string }[]).map(({ name }) => name).join(' + '),
    scale(node),
  ])
  const start = (node: GraphNode): string[] => [
    text(node, 'configuration.triggerType') === 'Manual' ? 'started by hand' : 'starts by itself',
  ]
  add('job-migrate', 'Job migrate', 'job', [520, 352, 108, 84], start)
  add('job-ops', 'Job ops', 'job', [642, 352, 108, 84], start)
  add('database', 'PostgreSQL', 'data', [830, 118, 210, 108], (node) => [
    text(node, 'sku.name').replace('Standard_', ''),
    `standby: ${text(node, 'highAvailability.mode')}`,
    `backups: ${text(node, 'backup.backupRetentionDays')} days`,
    `passwords: ${text(node, 'authConfig.passwordAuth')}`,
  ])
  add('blob-endpoint', 'Private endpoint blob', 'side', [830, 302, 210, 40])
  add('vault-endpoint', 'Private endpoint vault', 'side', [830, 362, 210, 40])
  add('link', 'Private link service', 'side', [830, 486, 210, 40])
  add('nat', 'NAT gateway', 'side', [520, 548, 230, 56], () => ['fixed address outwards'])
  add('storage', 'Blob Storage', 'data', [1110, 272, 190, 92], (node) => [
    text(node, 'sku.name').replace('Standard_', ''),
    `public access: ${text(node, 'publicNetworkAccess')}`,
    `shared keys: ${text(node, 'allowSharedKeyAccess') === 'false' ? 'off' : 'on'}`,
  ])
  add('vault', 'Key Vault', 'data', [1110, 384, 190, 76], (node) => [
    `public access: ${text(node, 'properties.publicNetworkAccess')}`,
    text(node, 'properties.enablePurgeProtection') === 'true' ? 'cannot be purged' : 'can be purged',
  ])
  add('entra-application', 'Entra ID application', 'side', [222, 520, 188, 64], () => [
    find('entra-federation') ? 'vouched for by app, no secret' : '',
  ])
  const [container] = list(find('backend'), 'template', 'containers') as { image: string }[]
  outside(
    'registry',
    'GitLab registry',
    container?.image.includes('@sha256:') ? 'images by digest' : 'images by tag',
    [520, 700, 230, 60],
  )
  add('logs', 'Log Analytics, Insights', 'side', [830, 700, 210, 60], (node) => [
    `kept ${text(node, 'retentionInDays')} days`,
  ])
  const alerts = graph.nodes.filter((node) => node.name.startsWith('alert-') && node.name !== 'alert-group')
  add('alert-group', 'Alerts', 'side', [1110, 700, 190, 60], () => [count(alerts, 'rule')])
  return boxes
}

/** The network and its subnets. */
export function framesOf(graph: Graph): Frame[] {
  const find = finder(graph)
  const subnet = (part: string, what: string, y: number, h: number, note?: string): Frame => ({
    title: `${what} · ${text(find(`subnet-${part}`), 'addressPrefix')}`,
    x: part === 'apps' ? 500 : 810,
    y,
    w: part === 'apps' ? 270 : 250,
    h,
    ...(note === undefined ? {} : { note }),
  })
  const addresses = (find('vnet')?.inputs['addressSpace'] as { addressPrefixes: string[] } | undefined)?.addressPrefixes
  const internal = text(find('environment'), 'vnetConfiguration.internal') === 'true' ? 'internal' : 'public'
  return [
    { title: `Virtual network · ${addresses?.join(', ') ?? ''}`, x: 480, y: 40, w: 600, h: 590, isNetwork: true },
    subnet('apps', `Environment, ${internal}`, 84, 372),
    subnet('database', 'Database', 84, 156),
    subnet('endpoints', 'Private endpoints', 268, 150),
    subnet('link', 'Link', 446, 96, find('link') ? undefined : 'empty: for edge.link privateLinkService'),
  ]
}

/** Lines between parts: only those the graph gives a reason for. */
export function arrowsOf(graph: Graph): Arrow[] {
  const find = finder(graph)
  const inputs = (name: string): string => JSON.stringify(find(name)?.inputs ?? {})
  const says = (name: string, word: string): boolean => inputs(name).includes(word)
  const arrows: [isThere: boolean, ...Arrow['path']][] = [
    [find('front-door') !== undefined, [200, 276], [222, 276]],
    [says('custom-domain', 'azureDnsZone'), [316, 134], [316, 206]],
    [says('origin-frontend', 'sharedPrivateLinkResource'), [410, 276], [490, 276], [490, 166], [520, 166]],
    [says('origin-backend', 'sharedPrivateLinkResource'), [410, 276], [520, 276]],
    [says('backend', 'postgres.database.azure.com'), [750, 254], [784, 254], [784, 160], [830, 160]],
    [says('job-migrate', 'postgres.database.azure.com'), [574, 436], [574, 470], [796, 470], [796, 190], [830, 190]],
    [says('backend', 'blob.core.windows.net'), [750, 300], [784, 300], [784, 322], [830, 322]],
    [says('backend', '.vault.azure.net'), [770, 382], [830, 382]],
    [says('blob-endpoint', '/storage'), [1040, 322], [1110, 322]],
    [says('vault-endpoint', '/vault'), [1040, 382], [1076, 382], [1076, 422], [1110, 422]],
    [says('subnet-apps', 'natGateway'), [635, 456], [635, 548]],
    [says('backend', 'registries'), [635, find('nat') ? 604 : 456], [635, 700]],
    [says('environment-diagnostics', 'logs'), [712, 456], [712, 524], [780, 524], [780, 664], [935, 664], [935, 700]],
    [says('alert-image-pull', 'logs'), [1040, 730], [1110, 730]],
    [says('backend', 'ENTRA_CLIENT_ID'), [500, 436], [316, 436], [316, 520]],
  ]
  const labels: Record<number, Arrow['label']> = {
    2: ['private link', 446, 268],
    4: ['5432', 806, 154],
    8: ['443', 1075, 316],
    9: ['443', 1058, 376],
    11: ['images · 443', 676, 656],
    12: ['logs, metrics', 858, 658],
    14: ['sign-in', 420, 430],
  }
  return arrows.flatMap(([isThere, ...path], index) => {
    const label = labels[index]
    return isThere ? [{ path, ...(label ? { label } : {}) }] : []
  })
}
