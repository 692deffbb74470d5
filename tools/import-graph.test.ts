// Who may import whom, held against every import statement of the tree. The picture of today's rooms is a snapshot:
// a new arrow between rooms has to be wanted, so it has to be written down (npm test -- import-graph with UPDATE_SNAPSHOT=1).
import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

const root = path.resolve(import.meta.dirname, '..')
const snapshotFile = path.join(import.meta.dirname, 'import-graph.json')

interface Arrow {
  from: string
  to: string
  file: string
}

const isTestFile = (file: string): boolean => /\.(test|e2e|fixture)\.tsx?$/.test(file)

/** 'packages/dicom' for a file in it; the frontend's Node server, its build and what pixels need in Node are rooms of their own. */
function roomOf(file: string): string {
  if (/^apps\/frontend\/src\/server(-main|-config)?\.ts$/.test(file)) return 'apps/frontend/server'
  if (file === 'apps/frontend/vite.config.ts') return 'apps/frontend/build'
  if (file === 'packages/pixels/src/node.ts') return 'packages/pixels/node'
  return file
    .split('/')
    .slice(0, file.startsWith('packages/') || file.startsWith('apps/') ? 2 : 1)
    .join('/')
}

const roomOfPackage = new Map(
  globSync('{packages,apps}/*/package.json', { cwd: root }).map((file) => {
    const { name } = JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { name: string }
    return [name, path.posix.dirname(file)]
  }),
)

/** Entries of a package that are rooms of their own. */
const partsOfRooms: Record<string, string> = {
  '@instandt/frontend/server': 'apps/frontend/server',
  '@instandt/pixels/node': 'packages/pixels/node',
}

function readArrows(): { arrows: Arrow[]; modules: Arrow[] } {
  const files = globSync('{packages,apps,tools,bench,e2e}/**/*.{ts,tsx,mts}', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**'],
  })
  const arrows: Arrow[] = []
  const modules: Arrow[] = []
  for (const file of files.filter((name) => !isTestFile(name))) {
    const source = readFileSync(path.join(root, file), 'utf8')
    const imports = source.matchAll(
      /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/gm,
    )
    for (const match of imports) {
      const specifier = match[1] ?? match[2] ?? ''
      const from = roomOf(file)
      if (specifier.startsWith('.')) {
        const to = roomOf(path.posix.join(path.posix.dirname(file), specifier))
        if (to !== from) arrows.push({ from, to, file })
      } else if (specifier.startsWith('@instandt/')) {
        const room = roomOfPackage.get(specifier.split('/').slice(0, 2).join('/')) ?? specifier
        const to = partsOfRooms[specifier] ?? room
        arrows.push({ from, to, file })
      } else {
        modules.push({ from, to: specifier, file })
      }
    }
  }
  return { arrows, modules }
}

const mayImport: Record<string, string[]> = {
  'packages/dicom': [],
  'packages/ndt': [],
  'packages/pixels': ['packages/dicom'],
  'packages/pixels/node': ['packages/pixels'],
  'packages/api': ['packages/dicom', 'packages/ndt'],
  'packages/convert': ['packages/dicom'],
  'packages/db': [],
  'packages/runtime': [],
  'packages/testkit': ['packages/dicom', 'packages/pixels', 'packages/db', 'packages/runtime', 'apps/migrate'],
  'apps/backend': [
    'packages/dicom',
    'packages/ndt',
    'packages/convert',
    'packages/pixels',
    'packages/pixels/node',
    'packages/api',
    'packages/db',
    'packages/runtime',
  ],
  'apps/migrate': ['packages/db', 'packages/runtime'],
  'apps/frontend': ['packages/dicom', 'packages/ndt', 'packages/pixels', 'packages/api'],
  'apps/frontend/server': ['packages/runtime'],
  'apps/ops': ['packages/api', 'packages/dicom', 'packages/runtime'],
  'apps/standalone': [
    'apps/backend',
    'apps/migrate',
    'apps/frontend/server',
    'apps/ops',
    'packages/runtime',
    'packages/testkit',
  ],
}

const neverImports: Record<string, RegExp> = {
  'packages/dicom': /^(node:|fastify|kysely|pg$|react)/,
  'packages/ndt': /^(node:|fastify|kysely|pg$|react)/,
  'packages/pixels': /^(node:|fastify|kysely|pg$|react)/,
  'packages/api': /^(node:|react|fastify)/,
  'packages/convert': /^(fastify|kysely|pg$|react|zod)/,
  'packages/db': /^fastify/,
  'packages/runtime': /^fastify/,
  'apps/frontend': /^(node:|pg$|kysely|fastify)/,
}

const { arrows, modules } = readArrows()

test('rooms import only the rooms they may', () => {
  const wrong = arrows.filter(({ from, to }) => mayImport[from] && !mayImport[from].includes(to))
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('pure rooms import no platform and no framework', () => {
  const wrong = modules.filter(({ from, to }) => neverImports[from]?.test(to))
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('only the engine imports Cornerstone, only packages/pixels and packages/convert its codecs', () => {
  const engine = 'apps/frontend/src/features/viewer/engine/'
  const codecs = ['packages/pixels/', 'packages/convert/src/jpeg/']
  const wrong = modules.filter(
    ({ to, file }) =>
      to.startsWith('@cornerstonejs/') &&
      !(to.endsWith('?url') || to === '@cornerstonejs/core' ? [engine] : codecs).some((place) =>
        file.startsWith(place),
      ),
  )
  assert.deepEqual(
    wrong.map(({ file, to }) => `${file} imports ${to}`),
    [],
  )
})

test('features of the web app do not import each other', () => {
  const wrong: string[] = []
  for (const file of globSync('apps/frontend/src/features/*/**/*.{ts,tsx}', { cwd: root })) {
    const own = file.split('/')[4]
    const source = readFileSync(path.join(root, file), 'utf8')
    for (const match of source.matchAll(/from\s+['"](\.[^'"]+)['"]/g)) {
      const target = path.posix.join(path.posix.dirname(file), match[1] ?? '')
      const other = /^apps\/frontend\/src\/features\/([^/]+)\//.exec(target)?.[1]
      if (other !== undefined && other !== own) wrong.push(`${file} imports features/${other}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('the arrows between rooms are the ones written down', () => {
  const today: Record<string, string[]> = {}
  for (const { from, to } of arrows) (today[from] ??= []).push(to)
  const graph = Object.fromEntries(
    Object.keys(today)
      .sort()
      .map((from) => [from, [...new Set(today[from])].sort()]),
  )
  if (process.env['UPDATE_SNAPSHOT']) writeFileSync(snapshotFile, `${JSON.stringify(graph, null, 2)}\n`)
  assert.deepEqual(graph, JSON.parse(readFileSync(snapshotFile, 'utf8')))
})
