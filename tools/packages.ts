// `npm run sbom`: what the product is made of, as CycloneDX and as a list of licences. `npm run audit`: known holes in it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

interface Component {
  name: string
  group?: string
  version?: string
  purl?: string
  licenses?: { license?: { id?: string; name?: string }; expression?: string }[]
}

const root = path.resolve(import.meta.dirname, '..')
const outDir = path.join(root, 'build')

// Licences that ask for our own source, or say that nothing may be done.
const refused = /\b(A?GPL|SSPL|BUSL|CC-BY-NC|UNLICENSED)\b/

function npm(args: string[]): { status: number | null; stdout: string; stderr: string } {
  const result = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  if (result.error) throw result.error
  return result
}

// What a package says in its own words where it names no known licence.
const inWords: Record<string, string> = { 'uri-templates': 'Public domain' }

function licenceOf({ name, licenses = [] }: Component): string {
  return (
    inWords[name] ??
    licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '').join(' AND ')
  )
}

/** Writes build/sbom.cdx.json and build/licences.csv; 1 when a licence is refused or missing. */
function writeSbom(): number {
  const { status, stdout, stderr } = npm(['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'])
  if (status !== 0) {
    process.stderr.write(stderr)
    return 1
  }
  const { components } = JSON.parse(stdout) as { components: Component[] }
  const rows = components
    .filter(({ purl }) => purl?.startsWith('pkg:npm/%40instandt/') !== true)
    .map((one) => ({
      name: one.group === undefined ? one.name : `${one.group}/${one.name}`,
      version: one.version ?? '',
      licence: licenceOf(one),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  mkdirSync(outDir, { recursive: true })
  writeFileSync(path.join(outDir, 'sbom.cdx.json'), stdout)
  const lines = rows.map(({ name, version, licence }) => `${name},${version},"${licence}"`)
  writeFileSync(path.join(outDir, 'licences.csv'), `name,version,licence\n${lines.join('\n')}\n`)
  const faulty = rows.filter(({ licence }) => licence === '' || (refused.test(licence) && !/ OR /.test(licence)))
  for (const { name, version, licence } of faulty)
    process.stderr.write(`${name} ${version}: licence ${licence || 'unknown'}\n`)
  process.stdout.write(`${rows.length} packages, in build/sbom.cdx.json and build/licences.csv\n`)
  return faulty.length > 0 ? 1 : 0
}

/** 1 when a package of the product has a known hole of level high or critical. */
export function auditPackages(): number {
  const { status, stdout, stderr } = npm(['audit', '--omit=dev', '--audit-level=high'])
  if (status === 0) {
    process.stdout.write(`${stdout.trim().split('\n').at(-1) ?? ''}\n`)
    return 0
  }
  if (/audit endpoint returned an error|ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(stderr)) {
    process.stdout.write('the registry answers no questions about known holes: packages were not audited\n')
    return 0
  }
  process.stderr.write(stdout + stderr)
  return 1
}

if (import.meta.main) process.exitCode = process.argv[2] === 'audit' ? auditPackages() : writeSbom()
