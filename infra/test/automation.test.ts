// The engine cannot be had everywhere, so a program of its name stands in and writes down how it was called. What is
// proved here is our half: the calls, the order, the events, and what a failure looks like.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach, test } from 'node:test'

const folder = mkdtempSync(path.join(tmpdir(), 'instandt-pulumi-'))
const calls = path.join(folder, 'calls.jsonl')
after(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  for (const file of [calls, `${calls}.made`]) rmSync(file, { force: true })
})

/** Settings as they lie beside the program, for as long as a test takes. */
async function withSettings(text: string, work: (stack: string) => Promise<void>): Promise<void> {
  const stack = 'rehearse'
  const file = path.resolve(import.meta.dirname, `../platform/Pulumi.${stack}.yaml`)
  writeFileSync(file, text)
  try {
    await work(stack)
  } finally {
    rmSync(file)
  }
}

const stub = `#!${process.execPath}
const fs = require('node:fs')
const args = process.argv.slice(2)
fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ cwd: process.cwd().split('/').at(-1), args }) + '\\n')
const verb = args[0]
if (verb === 'version') { console.log('v3.100.0'); process.exit(0) }
if (args[0] === 'stack' && args[1] === 'select' && (args.includes('unknown') || (process.env.STUB_NEW && !fs.existsSync(${JSON.stringify(calls)} + '.made')))) { console.error("error: no stack named 'unknown' found"); process.exit(255) }
if (args[0] === 'stack' && args[1] === 'init') { fs.writeFileSync(${JSON.stringify(calls)} + '.made', ''); process.exit(0) }
if (verb === 'up' && process.env.STUB_LOCKED) { console.error('error: the stack is currently locked by 1 lock(s).'); process.exit(255) }
if (args[0] === 'stack' && args[1] === 'output') { console.log(args.includes('--show-secrets') ? '{"version":"1.4.0","hidden":"value"}' : '{"version":"1.4.0","hidden":"[secret]"}'); process.exit(0) }
if (args[0] === 'stack' && args[1] === 'history') { console.log('[{"kind":"update","startTime":"2026-11-24T00:00:00Z","endTime":"2026-11-24T00:01:00Z","message":"","environment":{},"config":{},"result":"succeeded","version":1,"resourceChanges":{"create":2}}]'); process.exit(0) }
if (verb === 'up' || verb === 'preview') {
  const log = args[args.indexOf('--event-log') + 1]
  const file = args.indexOf('--config-file')
  if (file !== -1) fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ cwd: 'file', args: [fs.readFileSync(args[file + 1], 'utf8'), args[file + 1]] }) + '\\n')
  const line = (event) => fs.appendFileSync(log, JSON.stringify({ sequence: 0, timestamp: 0, ...event }) + '\\n')
  const metadata = { op: 'create', urn: 'urn:pulumi:prod::instandt-release::azure-native:app:ContainerApp::backend', type: 'azure-native:app:ContainerApp' }
  line({ resourcePreEvent: { metadata } })
  line({ diagnosticEvent: { severity: 'warning', message: '<{%reset%}>mind the gap<{%reset%}>', prefix: '', color: '' } })
  if (process.env.STUB_FAILS) { line({ diagnosticEvent: { severity: 'error', message: 'QuotaExceeded: no cores left', prefix: '', color: '' } }) }
  line({ summaryEvent: { maybeCorrupt: false, durationSeconds: 1, resourceChanges: { create: 2 }, policyPacks: {} } })
  // The reader polls the file.
  setTimeout(() => { if (process.env.STUB_FAILS) console.error('error: update failed'); process.exit(process.env.STUB_FAILS ? 255 : 0) }, 600)
} else process.exit(0)
`
const program = path.join(folder, 'pulumi')
writeFileSync(program, stub)
chmodSync(program, 0o755)

function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, '../src/automation.ts'), ...args], {
    // oxlint-disable-next-line node/no-process-env -- the child needs a path
    env: { ...process.env, PATH: `${folder}:/usr/bin:/bin`, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return new Promise((resolve) =>
    child.on('close', (code) =>
      resolve({
        code,
        lines: text
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      }),
    ),
  )
}

const called = (): { cwd: string; args: string[] }[] =>
  readFileSync(calls, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { cwd: string; args: string[] })
    .filter(({ args }) => args[0] !== 'version')

test('up sets the release’s keys, then brings the stack up and tells its outputs', async () => {
  const { code, lines } = await run([
    'release',
    'up',
    '--stack',
    'prod',
    '--config',
    'version=1.4.0',
    '--config',
    'backendImage=r/b@sha256:0==',
  ])
  assert.equal(code, 0, JSON.stringify(lines))
  const all = called()
  assert.ok(all.every((call) => call.cwd === 'release'))
  const verbs = all.map(({ args }) => args.slice(0, 2).join(' '))
  const [select, first, second, up] = ['stack select', 'config set', 'config set', 'up --yes'].map((verb) =>
    verbs.indexOf(verb),
  )
  assert.ok(
    select !== undefined && first !== undefined && up !== undefined && select >= 0 && first > select && up > first,
    verbs.join(' | '),
  )
  assert.equal(second, first)
  const sets = all.filter(({ args }) => args[0] === 'config').map(({ args }) => args.join(' '))
  assert.ok(sets.some((text) => text.includes('instandt-release:version') && text.includes('1.4.0')))
  assert.ok(
    sets.some((text) => text.includes('r/b@sha256:0==')),
    'a value keeps its equals signs',
  )
  assert.deepEqual(lines[0], {
    event: 'resource',
    op: 'create',
    type: 'azure-native:app:ContainerApp',
    name: 'backend',
    isDone: false,
  })
  assert.deepEqual(lines[1], { event: 'diagnostic', severity: 'warning', message: 'mind the gap' })
  const last = lines.at(-1) as { event: string; outputs: Record<string, unknown> }
  assert.equal(last.event, 'done')
  assert.deepEqual(last.outputs, { version: '1.4.0', hidden: '«secret»' })
})

test('preview changes nothing', async () => {
  const { code, lines } = await run(['platform', 'preview', '--stack', 'prod'])
  assert.equal(code, 0, JSON.stringify(lines))
  assert.ok(!called().some(({ args }) => args[0] === 'up'))
  assert.deepEqual(lines.at(-1), { event: 'done', changes: { create: 2 }, outputs: {} })
})

test('a preview of a release leaves no key, no file and no stack behind', async () => {
  const { code, lines } = await run(['release', 'preview', '--stack', 'prod', '--config', 'version=1.4.0'])
  assert.equal(code, 0, JSON.stringify(lines))
  const all = called()
  assert.deepEqual(
    all.filter(({ args }) => ['config', 'up'].includes(args[0] ?? '') || args[1] === 'init'),
    [],
  )
  const [text = '{}', file = ''] = all.find(({ cwd }) => cwd === 'file')?.args ?? []
  assert.deepEqual(JSON.parse(text), { config: { 'instandt-release:version': '1.4.0' } })
  assert.ok(!existsSync(file))
  const first = await run(['release', 'preview', '--stack', 'prod', '--config', 'version=1.4.0'], { STUB_NEW: '1' })
  assert.deepEqual(first.lines, [{ event: 'done', changes: {}, outputs: { isNew: true } }])
})

const settings = `secretsprovider: azurekeyvault://state.vault.azure.net/keys/pulumi
encryptedkey: c2VhbGVk
config:
  instandt-platform:preset: production
  instandt-platform:subscriptionId: 11111111-1111-4111-8111-111111111111
  instandt-platform:tenantId: 22222222-2222-4222-8222-222222222222
  instandt-platform:location: westeurope
  instandt-platform:owner: ndt@example.com
  instandt-platform:costCenter: "4711"
  instandt-platform:publicHost: ndt.example.com
  instandt-platform:dnsZoneName: example.com
  instandt-platform:customDomain: false
  instandt-platform:registryUser: puller
  instandt-platform:registryToken:
    secure: v1:abc
  instandt-platform:registryTokenExpires: 2027-06-30
  instandt-platform:alertEmail: ndt@example.com
  instandt-platform:backendImage: r.example.com/backend@sha256:${'a'.repeat(64)}
`

test('a first release is sealed by the key of its platform', () =>
  withSettings(settings, async (stack) => {
    const { code, lines } = await run(['release', 'up', '--stack', stack], { STUB_NEW: '1' })
    assert.equal(code, 0, JSON.stringify(lines))
    const init = called().find(({ args }) => args[1] === 'init')
    assert.ok(init?.args.includes('azurekeyvault://state.vault.azure.net/keys/pulumi'))
  }))

test('what will be asked for is read without the engine, sealed values and all', () =>
  withSettings(settings, async (stack) => {
    const { code, lines } = await run(['platform', 'settings', '--stack', stack])
    assert.equal(code, 0, JSON.stringify(lines))
    const { names, ...rest } = (lines[0] as { outputs: Record<string, unknown> }).outputs
    assert.deepEqual(rest, {
      subscriptionId: '11111111-1111-4111-8111-111111111111',
      location: 'westeurope',
      databaseSku: 'Standard_D4ds_v5',
      databaseHighAvailability: 'ZoneRedundant',
      hasLocks: true,
      isEnvironmentNew: true,
    })
    assert.match((names as { vault: string }).vault, /^kv-instandt-rehear-[0-9a-f]{5}$/)
    const faulty = await run(['platform', 'settings', '--stack', 'nowhere9'])
    assert.match(String(faulty.lines.at(-1)?.['message']), /Pulumi\.nowhere9\.yaml has \d+ fault/)
  }))

test('a stack that another run works on is told apart', async () => {
  const { code, lines } = await run(['platform', 'up', '--stack', 'prod'], { STUB_LOCKED: '1' })
  assert.equal(code, 1)
  assert.equal(lines.at(-1)?.['isLocked'], true)
  assert.match(String(lines.at(-1)?.['message']), /another run works on this stack.*pulumi cancel/)
})

test('a failing update ends with its message and code 1', async () => {
  const { code, lines } = await run(['platform', 'up', '--stack', 'prod'], { STUB_FAILS: '1' })
  assert.equal(code, 1)
  assert.ok(lines.some((line) => line['severity'] === 'error' && String(line['message']).includes('QuotaExceeded')))
  assert.equal(lines.at(-1)?.['event'], 'failed')
})

test('a platform that was not set up is not begun', async () => {
  const { code, lines } = await run(['platform', 'up', '--stack', 'unknown'])
  assert.equal(code, 1)
  assert.match(String(lines.at(-1)?.['message']), /no stack named 'unknown'/)
  assert.ok(!called().some(({ args }) => args[1] === 'init'))
})

test('a wrong word is refused before anything is called', async () => {
  const { code, lines } = await run(['release', 'destroy', '--stack', 'prod'])
  assert.equal(code, 1)
  assert.match(String(lines.at(-1)?.['message']), /^usage: /)
  assert.ok(!existsSync(calls))
})
