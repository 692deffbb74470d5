// `node images/bill.mjs <backend|frontend> <dpkg status>`, in a build: the bill of materials (CycloneDX 1.6) of what really is
// in the image, read from the packages that are left, Debian's and Node among them.
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const [part, statusFile] = process.argv.slice(2)
if (!part || !statusFile) throw new Error('usage: bill.mjs <backend|frontend> <dpkg status>')

const library = (name, version, purl, more = {}) => ({ type: 'library', 'bom-ref': purl, name, version, purl, ...more })

/** By SPDX where package.json does so; whatever else stands there is told as it is. */
const licencesOf = (licence) => {
  if (typeof licence !== 'string') return {}
  const isExpression = /^[\w.()+-]+( (OR|AND|WITH) [\w.()+-]+)*$/.test(licence)
  return { licenses: [isExpression ? { expression: licence } : { license: { name: licence } }] }
}

const packages = globSync(['node_modules/{*,@*/*}/package.json', 'node_modules/**/node_modules/{*,@*/*}/package.json'])
  .map((file) => JSON.parse(readFileSync(file, 'utf8')))
  .filter(({ name, version }) => name && version && !name.startsWith('@instandt/'))
  .map(({ name, version, license }) =>
    library(name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`, licencesOf(license)),
  )

const field = (stanza, name) => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1] ?? ''
const [, release] = /^VERSION_ID="?(\d+)/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
const debian = readFileSync(statusFile, 'utf8')
  .split('\n\n')
  .filter((stanza) => field(stanza, 'Package') !== '')
  .map((stanza) => {
    const [name, version, arch] = ['Package', 'Version', 'Architecture'].map((one) => field(stanza, one))
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-${release}`
    return library(name, version, purl)
  })

const node = process.versions.node
const runtime = {
  ...library('node', node, `pkg:generic/node@${node}`, { cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:-:*:*:*` }),
  type: 'application',
}
const components = [...new Map([runtime, ...debian, ...packages].map((one) => [one.purl, one])).values()]
components.sort((a, b) => (a.purl < b.purl ? -1 : 1))
const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'container', name: `instandt-${part}` } },
  components,
}
writeFileSync('sbom.cdx.json', JSON.stringify(bill))
rmSync('images/bill.mjs')
