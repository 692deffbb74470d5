import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt, type InfraCalled } from './ops.fixture.ts'
import { startOpenStage } from './outside.fixture.ts'

const { stage, outside, stop } = await startOpenStage()
after(stop)
beforeEach(() => {
  stage.reset()
  outside.answer = () => undefined
  Object.assign(stage.deployment.frontDoor, { customDomain: 'ndt.example.com', endpointHost: 'fde-test.azurefd.net' })
  stage.deployment.publicUrl = outside.url
  stage.deployment.database.auth = 'entra'
  stage.arm.connections.push({ name: 'ours', status: 'Pending', description: stage.deployment.link.message })
})

const words = [
  'deploy',
  '--stack',
  'test',
  '--version',
  '1.0.0',
  '--backend-image',
  imageAt('backend', 'a'),
  '--frontend-image',
  imageAt('frontend', 'a'),
]
const calls = () => stage.called.map((call) => `${call.stackKind} ${call.action}`)
const runs = (job: string) =>
  (stage.arm.platform.jobs.get(job)?.executions ?? []).map((one) => one.template.containers[0]?.args?.join(' '))

test('the first time: platform, link, migration, first keys, release, in this order, each once', async () => {
  const order: string[] = []
  stage.onInfra = async (call: InfraCalled) => {
    if (call.action === 'up') order.push(`${call.stackKind}, link ${stage.arm.connections[0]?.status}`)
    return stage.applied(call)
  }
  stage.arm.platform.onJob = async (job, { template }) => {
    order.push([job, ...(template.containers[0]?.args ?? [])].join(' '))
    return true
  }
  const { code, out, err } = await stage.run([...words, '--yes'])
  assert.equal(code, 0, err)
  assert.deepEqual(order, [
    'platform, link Pending',
    'caj-migrate',
    'caj-ops rotate keys --if-missing',
    'release, link Approved',
  ])
  assert.deepEqual(calls().slice(0, 2), ['platform preview', 'release preview'])
  assert.match(err, /enter at your DNS: ndt\.example\.com CNAME fde-test\.azurefd\.net/)
  assert.equal(out, 'approved 1\n1.0.0 serves\n')
})

test('later: no first keys, and the migration of the release', async () => {
  stage.serve('0.9.0', '9')
  await sleep(20)
  assert.equal((await stage.run([...words, '--yes'])).code, 0)
  assert.deepEqual(runs('caj-ops'), [])
  assert.equal(runs('caj-migrate').length, 1)
})

test('with passwords the first database user is made, too', async () => {
  stage.deployment.database.auth = 'password'
  assert.equal((await stage.run([...words, '--yes'])).code, 0)
  assert.deepEqual(runs('caj-ops'), ['rotate database-password --if-missing', 'rotate keys --if-missing'])
})

test('nothing is done that nobody agreed to', async () => {
  const { code, err } = await stage.run(words)
  assert.equal(code, 3)
  assert.match(err, /repeat with --yes/)
  assert.deepEqual(calls(), ['platform preview', 'release preview'])
})

test('what would be removed is said before anybody is asked', async () => {
  stage.changes = { delete: 1, replace: 2 }
  const { err } = await stage.run(words)
  assert.match(err, /note: 3 resource\(s\) of the platform would be removed or replaced/)
})

test('before the name is at Front Door its own one is looked at', async () => {
  const { host } = new URL(outside.url)
  Object.assign(stage.deployment.frontDoor, { customDomain: null, endpointHost: host })
  stage.deployment.publicUrl = 'https://ndt.invalid'
  const { code, out, err } = await stage.run([...words, '--yes'])
  assert.equal(code, 0, err)
  assert.match(out, /1\.0\.0 serves/)
})

test('a name that does not answer yet is waited for before the release, not blamed on it', async () => {
  stage.serve('0.9.0', '9')
  stage.deployment.publicUrl = 'https://ndt.invalid'
  const { code, err } = await stage.run([...words, '--yes'], { INSTANDT_SMOKE_SECONDS: '1' })
  assert.equal(code, 3)
  assert.match(err, /https:\/\/ndt\.invalid does not answer yet \(.+\): see doctor, then repeat/)
  assert.ok(!calls().includes('release up'))
})

test('no quota: the engine’s words, and nothing after it', async () => {
  stage.onInfra = async (call) => {
    if (call.action === 'up') throw new Error('QuotaExceeded: no cores left')
    return stage.applied(call)
  }
  const { code, err } = await stage.run([...words, '--yes'])
  assert.equal(code, 1)
  assert.match(err, /platform up failed: QuotaExceeded: no cores left/)
  assert.equal(runs('caj-migrate').length, 0)
})

test('a failing first migration or first key ends it before any app is made', async () => {
  for (const failing of ['caj-migrate', 'caj-ops']) {
    stage.arm.platform.onJob = async (job) => job !== failing
    stage.arm.logLines.push('no')
    assert.equal((await stage.run([...words, '--yes'])).code, 1)
    assert.equal(stage.arm.platform.apps.size, 0)
  }
})

for (const [moment, isReached] of [
  ['in the platform', () => calls().includes('platform up')],
  ['in the migration', () => runs('caj-migrate').length === 1],
  ['in the release', () => calls().includes('release up')],
] as const)
  test(`killed ${moment}, the same command goes on to the end`, async () => {
    const open: (() => void)[] = []
    const held = new Promise<void>((resolve) => open.push(resolve))
    let isHolding = true
    stage.onInfra = async (call) => {
      if (isHolding && call.action === 'up' && moment.endsWith(call.stackKind)) await held
      return stage.applied(call)
    }
    stage.arm.platform.onJob = async () => {
      if (isHolding && moment.endsWith('migration')) await held
      return true
    }
    await stage.interrupt([...words, '--yes'], isReached)
    isHolding = false
    open[0]?.()
    const { code, out, err } = await stage.run([...words, '--yes'])
    assert.equal(code, 0, err)
    assert.match(out, /1\.0\.0 serves/)
    assert.ok(runs('caj-migrate').length <= 2)
  })

test('told to end, it lets the engine end in order first', async () => {
  stage.onInfra = (call) => (call.action === 'up' ? new Promise(() => undefined) : Promise.resolve(stage.applied(call)))
  const child = stage.spawn([...words, '--yes'])
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  while (!calls().includes('platform up')) await sleep(20)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 1)
  assert.match(err, /ending the engine in order[^]*platform up failed: interrupted in order/)
})
