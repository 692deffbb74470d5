// `node images/prune.mjs <backend|frontend>`, in a build: leaves what this image runs and takes everything else away.
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

const programs = { backend: ['apps/backend', 'apps/migrate'], frontend: ['apps/frontend'] }[process.argv[2]]
if (!programs) throw new Error('usage: prune.mjs <backend|frontend>')

const remove = (entry) => rmSync(entry, { recursive: true, force: true })

/** The programs and the packages of ours that they name, to the last one. */
const kept = new Set()
function keep(folder) {
  if (kept.has(folder)) return
  kept.add(folder)
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies))
    if (name.startsWith('@instandt/')) keep(name.replace('@instandt', 'packages'))
}
for (const program of programs) keep(program)

const rootNames = new Set(['apps', 'packages', 'node_modules', 'images', 'package.json'])
for (const name of readdirSync('.')) if (!rootNames.has(name)) remove(name)
for (const folder of ['apps', 'packages'])
  for (const name of readdirSync(folder)) if (!kept.has(`${folder}/${name}`)) remove(`${folder}/${name}`)
for (const name of readdirSync('images')) if (!['health.mjs', 'bill.mjs'].includes(name)) remove(`images/${name}`)
for (const name of readdirSync('node_modules/@instandt'))
  if (!kept.has(`packages/${name}`) && !kept.has(`apps/${name}`)) remove(`node_modules/@instandt/${name}`)

// Compilers and types that packages name but nothing here runs, and a library that only the browser's build of another wants.
for (const name of ['typescript', '@typescript', '@types', '@azure/msal-browser', '.bin', '.package-lock.json'])
  remove(path.join('node_modules', name))

// Node runs no TypeScript below node_modules: what lies there is for compilers and readers.
const isWasteOfPackages = (name) => /\.(map|md|markdown|[cm]?ts|tsx|flow|tsbuildinfo)$|^tsconfig.*\.json$/i.test(name)
const isWasteOfOurs = (name) => /\.(map|md|(test|fixture)\.tsx?)$|^tsconfig.*\.json$/i.test(name)
const buildsForOthers =
  /(?:^|\/)(?:dist|node_modules\/(?:@[^/]+\/)?[^/]+)\/(?:react-native|browser|tests?|__tests__|docs|examples?|\.github|coverage)$/

function visit(folder, isWaste) {
  for (const name of readdirSync(folder)) {
    const entry = path.join(folder, name)
    if (!lstatSync(entry).isDirectory()) {
      if (isWaste(name)) remove(entry)
    } else if (isWaste === isWasteOfPackages && buildsForOthers.test(entry)) remove(entry)
    else visit(entry, isWaste)
  }
}
visit('node_modules', isWasteOfPackages)
for (const folder of kept) visit(folder, isWasteOfOurs)
