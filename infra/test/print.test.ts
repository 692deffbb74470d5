import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import type { Graph } from '../src/graph/record.ts'

const print = (...args: string[]) =>
  spawnSync(process.execPath, [path.resolve(import.meta.dirname, '../src/graph/print.ts'), ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })

test('--json writes the graph and nothing else: type, name, inputs, dependencies', () => {
  const { status, stdout, stderr } = print('--preset', 'minimal', '--set', 'location=eastus2', '--json')
  assert.equal(status, 0, stderr)
  assert.match(stderr, /recording minimal/)
  const { nodes } = JSON.parse(stdout) as Graph
  const vault = nodes.find(({ type, name }) => type === 'azure-native:keyvault:Vault' && name === 'vault')
  assert.equal(vault?.inputs['location'], 'eastus2')
  assert.deepEqual(vault.dependencies, ['azure-native:resources:ResourceGroup::group'])
})

test('without --json one line each', () => {
  const { status, stdout } = print('--preset', 'minimal')
  assert.equal(status, 0)
  assert.match(stdout, /^release +azure-native:app:ContainerApp +backend$/m)
})

for (const [what, args, says] of [
  [
    'a preset nobody knows',
    ['--preset', 'prod'],
    /^there is no preset 'prod'; choose production, non-production, minimal/,
  ],
  ['an option nobody knows', ['--yaml'], /^Unknown option '--yaml'/],
  ['--set without a value', ['--set', 'location'], /^--set takes KEY=VALUE, not 'location'/],
] as const)
  test(`${what} is wrong usage: code 2, one sentence, no trace`, () => {
    const { status, stdout, stderr } = print(...args, '--json')
    assert.equal(status, 2)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.match(stderr, /usage: npm run -s infra:graph/)
    assert.doesNotMatch(stderr, /node:internal/)
  })

test('settings that do not fit together are told, code 1', () => {
  const { status, stdout, stderr } = print('--json', '--set', 'databaseTier=Burstable', '--set', 'locks=false')
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /Pulumi\.prod\.yaml has 3 fault\(s\):/)
})
