// `node images/prune.mjs <backend|frontend>`, in a build: leaves what this image runs and takes everything else away.
import { globSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const kept = {
  backend: [
    'apps/backend',
    'apps/migrate',
    'packages/api',
    'packages/convert',
    'packages/db',
    'packages/dicom',
    'packages/runtime',
  ],
  frontend: ['apps/frontend', 'packages/runtime'],
}[process.argv[2]]
if (!kept) throw new Error('usage: prune.mjs <backend|frontend>')

const isKept = (name) => kept.some((one) => one === name || one.startsWith(`${name}/`))
for (const folder of ['apps', 'packages'])
  for (const name of readdirSync(folder))
    if (!isKept(`${folder}/${name}`)) rmSync(`${folder}/${name}`, { recursive: true })
const rootNames = new Set(['apps', 'packages', 'node_modules', 'images', 'package.json'])
for (const name of readdirSync('.')) if (!rootNames.has(name)) rmSync(name, { recursive: true, force: true })
for (const name of readdirSync('images')) if (name !== 'health.mjs') rmSync(`images/${name}`, { recursive: true })

// Compilers and types that packages name but nothing here runs.
for (const name of ['typescript', '@typescript', '@types', '.bin', '.package-lock.json'])
  rmSync(path.join('node_modules', name), { recursive: true, force: true })
const isWaste = (name) =>
  /\.(map|md|markdown|d\.[cm]?ts|test\.ts|fixture\.ts|flow|tsbuildinfo)$|^(CHANGELOG|README|tsconfig.*\.json)/i.test(
    name,
  )
const wasteFolders = new Set([
  'react-native',
  'browser',
  'test',
  'tests',
  '__tests__',
  'docs',
  'example',
  'examples',
  '.github',
  'coverage',
])

function visit(folder, isPackage) {
  for (const name of readdirSync(folder)) {
    const entry = path.join(folder, name)
    const stat = statSync(entry, { throwIfNoEntry: false })
    if (!stat) rmSync(entry, { force: true })
    else if (stat.isDirectory()) {
      // `browser` and the like are builds for other places only directly below dist or the package.
      if (isPackage && wasteFolders.has(name) && /(^|\/)(dist|node_modules\/(@[^/]+\/)?[^/]+)$/.test(folder))
        rmSync(entry, { recursive: true })
      else visit(entry, isPackage)
    } else if (isWaste(name)) rmSync(entry)
  }
}
visit('node_modules', true)
for (const folder of kept) visit(folder, false)

// A bill of what really is in the image (CycloneDX 1.6), read from the packages that are left.
const components = globSync('node_modules/{*,@*/*}/package.json')
  .concat(globSync('node_modules/**/node_modules/{*,@*/*}/package.json'))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')))
  .filter(({ name, version }) => name && version)
  .map(({ name, version, license }) => ({
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(typeof license === 'string' ? { licenses: [{ expression: license }] } : {}),
  }))
const bill = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components }
writeFileSync('sbom.cdx.json', JSON.stringify(bill))
