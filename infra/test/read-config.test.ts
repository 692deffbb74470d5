// What the engine hands over: a declared key with a dot is a path to it, so it sets the default of one inside a map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as pulumi from '@pulumi/pulumi'
import { sampleSettings } from '../src/graph/presets.ts'
import { configOf, platformProject, readPlatformConfig } from '../src/read-config.ts'
import { SettingsError } from '../src/settings.ts'

const project = 'instandt-platform'
const unset = '{"existingEnvironmentId":"","link":"","linkSubnetId":"","region":""}'

test('a key set with --path is found in its map', () => {
  const all = { [`${project}:edge`]: unset.replace('"link":""', '"link":"privateLinkService"'), 'other:edge': '{}' }
  assert.deepEqual(configOf(project, all), { 'edge.link': 'privateLinkService' })
})

test('a key set without --path keeps its dot beside the map of defaults', () => {
  const all = { [`${project}:edge`]: unset, [`${project}:edge.link`]: 'privateLinkService' }
  assert.deepEqual(configOf(project, all), { 'edge.link': 'privateLinkService' })
})

test('set in both ways and differently, it is refused', () => {
  const all = {
    [`${project}:edge`]: '{"link":"managedEnvironment"}',
    [`${project}:edge.link`]: 'privateLinkService',
  }
  assert.throws(() => configOf(project, all), /^Error: edge\.link is set twice/)
})

test('empty is unset, and a key nobody knows stays to be told', () => {
  const all = { [`${project}:workload`]: '', [`${project}:edgeLink`]: 'x', [`${project}:edge`]: 'y' }
  assert.deepEqual(configOf(project, all), { edgeLink: 'x', edge: 'y' })
})

const hand = (secretKeys: string[]): void => {
  const values = { ...sampleSettings, preset: 'production', edge: '{"region":"northeurope"}' }
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${platformProject}:${key}`, value])),
    secretKeys.map((key) => `${platformProject}:${key}`),
  )
}

test('the platform’s settings are read from the engine’s, secrets only encrypted', async () => {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: '', state: {} }), call: () => ({}) }, project, 'prod')
  hand(['registryToken'])
  assert.equal(readPlatformConfig()['edge.region'], 'northeurope')
  hand([])
  assert.throws(readPlatformConfig, (error: unknown) => {
    assert.ok(error instanceof SettingsError)
    return error.faults[0]?.startsWith('registryToken: stands in the clear') === true
  })
})
