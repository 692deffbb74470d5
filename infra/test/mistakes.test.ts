// Planted mistakes: each must fail, with a sentence that names the resource, the fault and what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GraphNode } from '../src/graph/record.ts'
import { checkPolicies } from '../src/policy/check.ts'
import { resourceRules } from '../src/policy/resource-rules.ts'
import { stackRules } from '../src/policy/stack-rules.ts'
import { presets } from '../src/presets.ts'
import { graphOf } from './graph-of.ts'
import { appMistakes } from './planted/apps.ts'
import { dataMistakes } from './planted/data.ts'
import { edgeMistakes } from './planted/edge.ts'
import type { Inputs } from './planted/mistake.ts'

const mistakes = [...dataMistakes, ...appMistakes, ...edgeMistakes]

for (const { rule, what, on, plant, says } of mistakes)
  test(`${what} fails (${rule})`, async () => {
    const graph = await graphOf('production')
    const nodes = structuredClone(graph.nodes) as (Omit<GraphNode, 'inputs'> & { inputs: Inputs })[]
    const node = nodes.find((one) => one.name === on && !one.type.startsWith('instandt:'))
    assert.ok(node, `no resource '${on}'`)
    plant(node.inputs)
    const found = await checkPolicies(nodes)
    assert.ok(
      found.some((one) => one.rule === rule && says.test(one.message)),
      JSON.stringify(found, undefined, 1),
    )
  })

for (const preset of presets)
  test(`the preset ${preset} breaks no rule`, async () => {
    assert.deepEqual(await checkPolicies((await graphOf(preset)).nodes), [])
  })

test('what holds data without protection fails (production-keeps-data)', async () => {
  const nodes = structuredClone((await graphOf('production')).nodes)
  for (const name of ['vault', 'container-instandt', 'database-instandt']) {
    const node = nodes.find((one) => one.name === name && !one.type.startsWith('instandt:'))
    assert.ok(node)
    node.protect = false
  }
  assert.deepEqual(
    (await checkPolicies(nodes)).map((one) => one.message),
    ['vault', 'container-instandt', 'database-instandt'].map(
      (name) => `${name}: may be removed by a deployment; set protect`,
    ),
  )
})

test('every rule has a planted mistake', () => {
  const planted = new Set(mistakes.map((one) => one.rule))
  assert.deepEqual(
    [...resourceRules, ...stackRules].map((rule) => rule.name).filter((name) => !planted.has(name)),
    [],
  )
})
