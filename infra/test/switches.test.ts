// Every switch of the configuration, each against the recorded graph.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleSettings } from '../src/graph/presets.ts'
import { checkPolicies } from '../src/policy/check.ts'
import { settingsKeys } from '../src/settings-keys.ts'
import { graphOf } from './graph-of.ts'
import { dataSwitches } from './switches/data.ts'
import { networkSwitches } from './switches/network.ts'

const switches = [...networkSwitches, ...dataSwitches]

for (const { what, preset = 'production', given, check } of switches)
  test(what, async () => {
    const graph = await graphOf(preset, given)
    check(graph)
    assert.deepEqual(await checkPolicies(graph.nodes), [], 'breaks no rule')
  })

test('every key is switched in some test', () => {
  // Presets and names have tests of their own; keys without a default are in every recording.
  const tested = new Set([...switches.flatMap(({ given }) => Object.keys(given)), 'preset', 'nameSalt'])
  for (const key of Object.keys(sampleSettings)) tested.add(key)
  assert.deepEqual(
    Object.keys(settingsKeys).filter((key) => !tested.has(key)),
    [],
  )
})
