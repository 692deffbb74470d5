import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { alertTable } from '../src/alert-table.ts'
import { drawGraph } from '../src/graph/picture.ts'
import { presets } from '../src/presets.ts'
import { at, graphOf, one } from './graph-of.ts'
import { elsewhere, seed, seedTable } from './seed.ts'
import { dataSwitches } from './switches/data.ts'
import { networkSwitches } from './switches/network.ts'

for (const row of seed)
  test(row.item, async () => {
    const graph = await graphOf('production')
    for (const name of row.resources) one(graph, name)
    row.check(graph)
  })

for (const preset of presets)
  test(`every preset has the link’s subnet: ${preset}`, async () => {
    const subnet = one(await graphOf(preset), 'subnet-link')
    assert.equal(at(subnet, 'privateLinkServiceNetworkPolicies'), 'Disabled')
  })

test('each row names a test that is there', () => {
  const switches = [...networkSwitches, ...dataSwitches].map(({ what }) => what).join('\n')
  const textOf = (file: string): string | undefined => {
    if (file === 'switches') return switches
    // Beside this file, or anywhere in the project; a copy of infra/ alone lacks the latter.
    const place = new URL(file.includes('/') ? `../../${file}.test.ts` : `${file}.test.ts`, import.meta.url)
    return existsSync(place) || !file.includes('/') ? readFileSync(place, 'utf8') : undefined
  }
  const missing = elsewhere.filter((row) => textOf(row.file)?.includes(row.test) === false)
  assert.deepEqual(missing, [])
})

const product = new URL('../../package.json', import.meta.url)
test(
  'the tag `version` of the platform is the product’s',
  { skip: !existsSync(product) && 'the product is not part of this copy' },
  () => {
    const versionOf = (place: URL) => (JSON.parse(readFileSync(place, 'utf8')) as { version: string }).version
    assert.equal(versionOf(new URL('../package.json', import.meta.url)), versionOf(product))
  },
)

const guide = new URL('../../docs/deploy-azure.md', import.meta.url)
test(
  'docs/deploy-azure.md shows the table of all rows (UPDATE_SNAPSHOT=1 writes it)',
  { skip: !existsSync(guide) && 'the guide is not part of this copy' },
  () => {
    const text = readFileSync(guide, 'utf8')
    const [table = ''] = /\| part \| what \| resources \| test \|(\n\|.*)*/.exec(text) ?? []
    // oxlint-disable-next-line node/no-process-env -- as the other snapshots do
    if (process.env['UPDATE_SNAPSHOT']) writeFileSync(guide, text.replace(table, seedTable))
    else assert.equal(table, seedTable())
  },
)

const runbooks = new URL('../../docs/operations.md', import.meta.url)
test(
  'docs/operations.md has a runbook for every alert, and for no other',
  { skip: !existsSync(runbooks) && 'the document is not part of this copy' },
  () => {
    const replicas = { least: 1, most: 2 }
    const all = { backend: replicas, frontend: replicas, connections: 50, isBurstable: true, hasStandby: true }
    const rules = alertTable({ ...all, regionTitle: undefined }).map(({ name }) => name)
    const [, table = ''] = readFileSync(runbooks, 'utf8').split('| alert | what to do |')
    const rows = [...table.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name = '']) => name)
    assert.deepEqual(rows.toSorted(), rules.toSorted())
  },
)

const picture = new URL('../../docs/pictures/azure.svg', import.meta.url)
test(
  'the picture is the one the graph gives (npm run infra:picture)',
  { skip: !existsSync(picture) && 'the picture is not part of this copy' },
  async () => {
    assert.equal(readFileSync(picture, 'utf8'), drawGraph(await graphOf('production')))
  },
)
