// `npm run infra:picture`: draws docs/pictures/azure.svg from the recorded graph of `production`.
import { writeFileSync } from 'node:fs'
import { recordPreset } from './presets.ts'
import type { Graph, GraphNode } from './record.ts'

interface Box {
  id: string
  title: string
  lines: string[]
  x: number
  y: number
  w: number
  h: number
  kind: 'edge' | 'app' | 'job' | 'data' | 'side' | 'outside'
}

interface Arrow {
  from: string
  to: string
  label: string
}

const colours: Record<Box['kind'], [string, string]> = {
  edge: ['#fff3d6', '#b07a00'],
  app: ['#dcefff', '#1f6fb2'],
  job: ['#e6e4fb', '#5b4fb0'],
  data: ['#dff3e3', '#2f7d44'],
  side: ['#f0f0f0', '#666666'],
  outside: ['#ffffff', '#444444'],
}

/** A value deep inside a resource's inputs, as text. */
function text(node: GraphNode, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], node.inputs)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Where each part stands; what it says and whether it is there at all comes from the graph. */
function boxesOf(graph: Graph): Box[] {
  const find = (name: string) => graph.nodes.find((node) => node.name === name && !node.type.startsWith('instandt:'))
  const boxes: Box[] = []
  const add = (
    name: string,
    title: string,
    kind: Box['kind'],
    place: [number, number, number, number],
    lines: (node: GraphNode) => string[],
  ): void => {
    const node = find(name)
    const [x, y, w, h] = place
    if (node) boxes.push({ id: name, title, kind, x, y, w, h, lines: lines(node) })
  }
  const count = (prefix: string): number =>
    graph.nodes.filter((node) => node.name.startsWith(prefix) && node.name !== 'alert-group').length
  const firewall = find('firewall')
  boxes.push({
    id: 'people',
    title: 'People and machines',
    kind: 'outside',
    x: 14,
    y: 176,
    w: 180,
    h: 60,
    lines: ['HTTPS, TLS 1.2 or newer'],
  })
  add('front-door', 'Front Door', 'edge', [230, 150, 190, 110], (node) => [
    text(node, 'sku.name').replace('_AzureFrontDoor', ''),
    firewall ? `firewall: ${text(firewall, 'policySettings.mode')}` : 'no firewall',
    `waits ${text(node, 'originResponseTimeoutSeconds')} s for an answer`,
  ])
  add('zone-public', 'Public DNS zone', 'side', [230, 40, 190, 60], (node) => [text(node, 'zoneName')])
  const scale = (node: GraphNode): string =>
    `${text(node, 'template.scale.minReplicas')} to ${text(node, 'template.scale.maxReplicas')} replicas`
  add('frontend', 'App frontend', 'app', [500, 110, 190, 62], (node) => [scale(node)])
  add('backend', 'App backend', 'app', [500, 186, 190, 78], (node) => [
    (node.inputs['template'] as { containers: { name: string }[] }).containers.map(({ name }) => name).join(' + '),
    scale(node),
  ])
  add('job-migrate', 'Job migrate', 'job', [500, 282, 90, 60], (node) => [text(node, 'configuration.triggerType')])
  add('job-ops', 'Job ops', 'job', [600, 282, 90, 60], (node) => [text(node, 'configuration.triggerType')])
  add('database', 'PostgreSQL', 'data', [790, 100, 190, 92], (node) => [
    text(node, 'sku.name').replace('Standard_', ''),
    `standby: ${text(node, 'highAvailability.mode')}`,
    `backups: ${text(node, 'backup.backupRetentionDays')} days`,
  ])
  add('storage', 'Blob Storage', 'data', [1040, 218, 180, 62], (node) => [
    text(node, 'sku.name').replace('Standard_', ''),
    `public access: ${text(node, 'publicNetworkAccess')}`,
  ])
  add('vault', 'Key Vault', 'data', [1040, 296, 180, 62], (node) => [
    `public access: ${text(node, 'properties.publicNetworkAccess')}`,
  ])
  add('blob-endpoint', 'Private endpoint', 'side', [790, 236, 190, 46], () => ['blob · 443'])
  add('vault-endpoint', 'Private endpoint', 'side', [790, 300, 190, 46], () => ['vault · 443'])
  add('link', 'Private link service', 'side', [790, 372, 190, 46], () => [])
  add('nat', 'NAT gateway', 'side', [500, 400, 190, 46], () => ['fixed address'])
  boxes.push({
    id: 'registry',
    title: 'GitLab registry',
    kind: 'outside',
    x: 500,
    y: 500,
    w: 190,
    h: 56,
    lines: ['images by digest'],
  })
  add('entra-application', 'Entra ID application', 'side', [230, 330, 190, 60], () => ['no client secret'])
  add('logs', 'Log Analytics, Insights', 'side', [790, 500, 190, 56], (node) => [
    `${text(node, 'retentionInDays')} days`,
  ])
  add('alert-group', 'Alerts', 'side', [1040, 500, 180, 56], () => [`${count('alert-')} rules`])
  return boxes
}

/** Lines between boxes: only those the graph gives a reason for. */
function arrowsOf(graph: Graph, boxes: Box[]): Arrow[] {
  const has = (id: string): boolean => boxes.some((box) => box.id === id)
  const inputs = (name: string): string =>
    JSON.stringify(graph.nodes.find((node) => node.name === name && !node.type.startsWith('instandt:'))?.inputs ?? {})
  const arrows: Arrow[] = [{ from: 'people', to: 'front-door', label: '' }]
  const when = (isThere: boolean, from: string, to: string, label = ''): void => {
    if (isThere && has(from) && has(to)) arrows.push({ from, to, label })
  }
  for (const part of ['frontend', 'backend'])
    when(
      inputs(`origin-${part}`).includes('sharedPrivateLinkResource'),
      'front-door',
      part,
      part === 'frontend' ? 'private link' : '',
    )
  when(inputs('custom-domain').includes('azureDnsZone'), 'zone-public', 'front-door')
  when(inputs('backend').includes('postgres.database.azure.com'), 'backend', 'database', '5432')
  when(inputs('job-migrate').includes('postgres.database.azure.com'), 'job-migrate', 'database')
  when(inputs('backend').includes('blob.core.windows.net'), 'backend', 'blob-endpoint')
  when(inputs('backend').includes('vault.azure.net'), 'job-ops', 'vault-endpoint')
  when(inputs('blob-endpoint').includes('storage'), 'blob-endpoint', 'storage')
  when(inputs('vault-endpoint').includes('vault'), 'vault-endpoint', 'vault')
  when(inputs('subnet-apps').includes('natGateway'), 'job-migrate', 'nat')
  when(inputs('backend').includes('registries'), has('nat') ? 'nat' : 'job-ops', 'registry')
  when(inputs('environment-diagnostics').includes('logs'), 'job-ops', 'logs')
  when(inputs('alert-image-pull').includes('logs'), 'logs', 'alert-group')
  when(inputs('backend').includes('ENTRA_CLIENT_ID'), 'backend', 'entra-application', 'sign-in')
  return arrows
}

const escape = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function drawBox({ title, lines, kind, x, y, w, h }: Box): string {
  const [fill, stroke] = colours[kind]
  const size = w < 100 ? 10 : 13
  return [
    `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`,
    `<text x="${x + w / 2}" y="${y + 22}" font-size="${size}" font-weight="600" text-anchor="middle">${escape(title)}</text>`,
    ...lines.map(
      (line, index) =>
        `<text x="${x + w / 2}" y="${y + 40 + index * 16}" font-size="11" text-anchor="middle" fill="#333">${escape(line)}</text>`,
    ),
  ].join('\n')
}

/** From the side of one box that looks at the other. */
function drawArrow({ from, to, label }: Arrow, boxes: Box[]): string {
  const [a, b] = [boxes.find((box) => box.id === from), boxes.find((box) => box.id === to)]
  if (!a || !b) return ''
  const isBeside = a.x + a.w <= b.x || b.x + b.w <= a.x
  const [x1, y1, x2, y2] = isBeside
    ? a.x < b.x
      ? [a.x + a.w, a.y + a.h / 2, b.x, b.y + b.h / 2]
      : [a.x, a.y + a.h / 2, b.x + b.w, b.y + b.h / 2]
    : a.y < b.y
      ? [a.x + a.w / 2, a.y + a.h, b.x + b.w / 2, b.y]
      : [a.x + a.w / 2, a.y, b.x + b.w / 2, b.y + b.h]
  const line = `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#555" stroke-width="1.3" marker-end="url(#tip)"/>`
  const words = `<text x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 5}" font-size="11" text-anchor="middle" fill="#555">${escape(label)}</text>`
  return label === '' ? line : `${line}\n${words}`
}

/** The architecture as SVG. */
export function drawGraph(graph: Graph): string {
  const boxes = boxesOf(graph)
  const find = (name: string) => graph.nodes.find((node) => node.name === name)
  const frame = (x: number, y: number, w: number, h: number, title: string): string =>
    `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="8" fill="none" stroke="#8aa" stroke-dasharray="5 4"/>
<text x="${x + 10}" y="${y + 17}" font-size="11" fill="#577">${escape(title)}</text>`
  const range = (name: string): string => {
    const node = find(name)
    return node ? text(node, 'addressPrefix') : ''
  }
  const vnet = find('vnet')
  const addresses = vnet
    ? (vnet.inputs['addressSpace'] as { addressPrefixes: string[] }).addressPrefixes.join(', ')
    : ''
  const frames = [
    frame(460, 30, 550, 440, `virtual network ${addresses}`),
    frame(480, 80, 230, 280, `environment, internal · ${range('subnet-apps')}`),
    frame(775, 74, 220, 128, `database · ${range('subnet-database')}`),
    frame(775, 212, 220, 146, `endpoints · ${range('subnet-endpoints')}`),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1240 580" font-family="system-ui, sans-serif" role="img" aria-label="instaNDT in an Azure subscription">
<!-- Drawn by infra/src/graph/picture.ts from the recorded graph; do not edit. -->
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>
<rect width="1240" height="580" fill="#fcfcfc"/>
${frames.join('\n')}
${arrowsOf(graph, boxes)
  .map((arrow) => drawArrow(arrow, boxes))
  .join('\n')}
${boxes.map(drawBox).join('\n')}
</svg>
`
}

if (import.meta.main) {
  const target = new URL('../../../docs/pictures/azure.svg', import.meta.url)
  writeFileSync(target, drawGraph(await recordPreset('production')))
}
