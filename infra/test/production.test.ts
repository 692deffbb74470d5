import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { alertTable } from '../src/alert-table.ts'
import { drawGraph } from '../src/graph/picture.ts'
import { graphOf, one } from './graph-of.ts'
import { seed } from './seed.ts'

for (const row of seed)
  test(row.item, async () => {
    const graph = await graphOf('production')
    for (const name of row.resources) one(graph, name)
    row.check(graph)
  })

const guide = new URL('../../docs/deploy-azure.md', import.meta.url)
test(
  'docs/deploy-azure.md shows every row',
  { skip: !existsSync(guide) && 'the guide is not part of this copy' },
  () => {
    const text = readFileSync(guide, 'utf8')
    for (const row of seed) {
      const line = text.split('\n').find((one) => one.startsWith(`| ${row.item} |`))
      assert.ok(line, `no row for '${row.item}'`)
      for (const name of row.resources) assert.ok(line.includes(`\`${name}\``), `'${row.item}' does not name ${name}`)
    }
  },
)

const runbooks = new URL('../../docs/operations.md', import.meta.url)
test(
  'docs/operations.md has a runbook for every alert',
  { skip: !existsSync(runbooks) && 'the document is not part of this copy' },
  () => {
    const text = readFileSync(runbooks, 'utf8')
    const missing = alertTable({ backend: 1, frontend: 1 }, 50).filter(({ name }) => !text.includes(`\`${name}\``))
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
    )
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
