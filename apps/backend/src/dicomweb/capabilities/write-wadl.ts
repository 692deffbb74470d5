import type { Method, Resource } from './describe-service.ts'

interface Node {
  children: Map<string, Node>
  methods: readonly Method[]
}

/** A Web Application Description (WADL, PS3.18 annex H) of the resources below `baseUrl`. */
export function writeWadl(resources: readonly Resource[], baseUrl: string): string {
  const root: Node = { children: new Map(), methods: [] }
  for (const { path, methods } of resources) {
    let node = root
    for (const step of path.split('/').filter((one) => one !== '')) {
      const next = node.children.get(step) ?? { children: new Map(), methods: [] }
      node.children.set(step, next)
      node = next
    }
    node.methods = methods
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<application xmlns="http://wadl.dev.java.net/2009/02">',
    `  <resources base=${quoted(baseUrl)}>`,
    ...resourceLines('', root, '', '    '),
    '  </resources>',
    '</application>',
    '',
  ].join('\n')
}

function resourceLines(step: string, node: Node, above: string, indent: string): string[] {
  const id = step === '' ? above : `${above}.${step.replace(/[{}]/g, '')}`
  const inner = [
    ...[...step.matchAll(/\{(\w+)\}/g)].map(
      ([, name = '']) => `${indent}  <param name=${quoted(name)} style="template" required="true"/>`,
    ),
    ...node.methods.flatMap((method) => methodLines(method, id, `${indent}  `)),
    ...[...node.children].flatMap(([next, child]) => resourceLines(next, child, id, `${indent}  `)),
  ]
  return [`${indent}<resource path=${quoted(step === '' ? '/' : step)}>`, ...inner, `${indent}</resource>`]
}

function methodLines({ name, summary, query, takes, gives }: Method, id: string, indent: string): string[] {
  const representations = (types: readonly string[]): string[] =>
    types.map((type) => `${indent}    <representation mediaType=${quoted(type)}/>`)
  const request = [
    ...query.map((one) => `${indent}    <param name=${quoted(one)} style="query"/>`),
    ...representations(takes),
  ]
  return [
    `${indent}<method name=${quoted(name)} id=${quoted(`${name}${id}`)}>`,
    `${indent}  <doc title=${quoted(summary)}/>`,
    ...(request.length === 0 ? [] : [`${indent}  <request>`, ...request, `${indent}  </request>`]),
    `${indent}  <response status="200">`,
    ...representations(gives),
    `${indent}  </response>`,
    `${indent}</method>`,
  ]
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const quoted = (text: string): string => `"${text.replace(/[&<>"]/g, (sign) => escapes[sign] ?? sign)}"`
