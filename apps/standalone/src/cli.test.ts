import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'

const instandt = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'cli.ts'), ...args], { encoding: 'utf8' })

test('one command: both halves in one list, each name once', () => {
  const { status, stdout } = instandt('help')
  assert.equal(status, 0)
  const [here = '', azure = ''] = stdout.split('In your Azure subscription')
  assert.match(here, /^ {2}reindex /m)
  assert.match(here, /^ {2}token create /m)
  assert.match(azure, /^ {2}preflight /m)
  // Keys of one machine lie in a file beside its data: there is nothing to rotate but in Azure.
  assert.doesNotMatch(here, /^ {2}rotate /m)
  assert.match(azure, /^ {2}rotate keys /m)
  const names = stdout.match(/^ {2}[a-z][a-z -]+?(?= {2,})/gm) ?? []
  assert.equal(new Set(names).size, names.length)
  assert.equal(instandt().status, 2)
})

test('a name finds its half', () => {
  const azure = instandt('doctor', '--nope')
  assert.equal(azure.status, 2)
  assert.match(azure.stderr, /Unknown option '--nope'/)
  const own = instandt('sweep', '--nope')
  assert.equal(own.status, 2)
  assert.match(own.stdout, /Unknown option '--nope'/)
  assert.equal(instandt('nonsense').status, 2)
})
