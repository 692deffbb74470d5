// What holds for every command, and the few that have no file of tests of their own.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt, type Stage, startStage } from './ops.fixture.ts'
import { isOpsCommand, opsHelp } from './run-ops.ts'

let stage: Stage
before(async () => {
  stage = await startStage()
})
after(() => stage.stop())
beforeEach(async () => {
  stage.reset()
  stage.deployment.database.auth = 'password'
  stage.arm.connections.push({ name: 'ours', status: 'Pending', description: stage.deployment.link.message })
  stage.serve('1.0.0', 'a')
  await sleep(10)
})

const expires = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10)
const version = [
  '--version',
  '1.1.0',
  '--backend-image',
  imageAt('backend', 'b'),
  '--frontend-image',
  imageAt('frontend', 'b'),
]
/** One call of each command. */
const calls: Record<string, string[]> = {
  preflight: ['preflight', '--register', '--subscription', 'x', '--location', 'westeurope'],
  deploy: ['deploy', '--yes', ...version],
  'approve-link': ['approve-link'],
  migrate: ['migrate', '--backend-image', imageAt('backend', 'b')],
  release: ['release', ...version],
  'release --back': ['release', '--back', '1.0.0'],
  'rotate registry-token': ['rotate', 'registry-token', '--expires', expires],
  'rotate database-password': ['rotate', 'database-password'],
  'rotate keys': ['rotate', 'keys'],
  doctor: ['doctor'],
  job: ['job', '--', 'reindex'],
}

for (const [name, words] of Object.entries(calls))
  test(`${name} --dry-run changes nothing`, async () => {
    const [before, after] = [words.indexOf('--'), ['--dry-run', '--stack', 'test']]
    const args = before === -1 ? [...words, ...after] : [...words.slice(0, before), ...after, ...words.slice(before)]
    const { code, err } = await stage.run(args, { INSTANDT_SECRET: 'new-deploy-token' })
    // What is only looked at may well be found wanting here.
    assert.ok(code === 0 || ['preflight', 'doctor'].includes(name), err)
    assert.deepEqual(
      stage.arm.requests.filter((line) => !/^GET |^POST \/v1\/|^POST .*\/checkNameAvailability$/.test(line)),
      [],
    )
    assert.ok(stage.called.every((call) => ['preview', 'outputs', 'settings'].includes(call.action)))
  })

test('every command is in the help, with every option it takes', () => {
  for (const name of Object.keys(calls)) assert.ok(isOpsCommand(name.split(' ')), name)
  const options = readFileSync(new URL('run-ops.ts', import.meta.url), 'utf8').match(/^ {2}'?([a-z-]+)'?: \{ type:/gm)
  for (const line of options ?? []) assert.ok(opsHelp.includes(`--${/[a-z-]+/.exec(line)?.[0]}`), line)
  for (const words of Object.values(calls))
    for (const word of words.filter((one) => one.startsWith('--') && one !== '--'))
      assert.ok(opsHelp.includes(word), `${word} of ${words[0]}`)
})

test('a wrong word is answered with 2, before anything is asked', async () => {
  for (const words of [
    ['destroy'],
    ['constructor'],
    ['rotate'],
    ['migrate', '--imgae', 'x'],
    ['release', '--version', '1'],
    ['doctor', '--deployment', '/nowhere.json'],
  ])
    assert.equal((await stage.run(words)).code, 2, words.join(' '))
  assert.equal(stage.arm.requests.length, 0)
  assert.equal((await stage.run([])).code, 2)
  assert.equal((await stage.run(['doctor', '--help'])).code, 0)
})

test('a platform of an older version is named, with what it does not say', async () => {
  stage.onInfra = () => Promise.resolve({ deployment: { ...stage.deployment, link: undefined } })
  const { code, err } = await stage.run(['doctor', '--stack', 'test'])
  assert.equal(code, 1)
  assert.match(err, /the platform of 'test' does not say link/)
})

test('whoever is not signed in is told so', async () => {
  const { code, err } = await stage.runProcess(['rotate', 'keys', '--stack', 'test'], { IDENTITY_HEADER: 'wrong' })
  assert.equal(code, 1)
  assert.match(err, /^failed: Azure lets nobody in from here: az login/m)
})

const secret = 'new-deploy-token'
const rotate = (kind?: 'lost' | 'lost-after' | 'busy' | 'throttled' | 'unavailable' | 'quota', times = 1) => {
  if (kind) stage.arm.faults.push({ match: /^PUT .*\/secrets\//, kind, times })
  return stage.run(['rotate', 'registry-token', '--stack', 'test', '--expires', expires], { INSTANDT_SECRET: secret })
}

test('a rotated token goes into the vault with its last day and nowhere else', async () => {
  const { code, out, err } = await rotate()
  assert.equal(code, 0, err)
  const kept = stage.arm.secrets.get('gitlab-registry-token')
  assert.equal(kept?.value, secret)
  assert.equal(kept?.exp, Date.parse(`${expires}T23:59:59Z`) / 1000)
  assert.deepEqual(stage.arm.secrets.get('gitlab-registry-user'), { value: 'puller', exp: kept?.exp })
  assert.ok(!`${out}${err}${JSON.stringify(stage.called)}${stage.arm.requests.join()}`.includes(secret))
  const past = ['rotate', 'registry-token', '--expires', '2020-01-01']
  assert.equal((await stage.run(past, { INSTANDT_SECRET: secret })).code, 2)
  assert.equal((await stage.run(['rotate', 'registry-token', '--expires', expires])).code, 2, 'no value given')
})

for (const kind of ['lost', 'lost-after', 'busy', 'throttled', 'unavailable'] as const)
  test(`a token's rotation goes on when it is ${kind}`, async () => {
    const { code, err } = await rotate(kind)
    assert.equal(code, 0, err)
    assert.equal(stage.arm.secrets.get('gitlab-registry-token')?.value, secret)
  })

test('a vault that refuses is told, without the value', async () => {
  const { code, out, err } = await rotate('quota', 9)
  assert.equal(code, 1)
  assert.match(err, /QuotaExceeded/)
  assert.ok(!`${out}${err}`.includes(secret))
})

test('not even a wordy log of Azure’s clients shows the value or our token', async () => {
  const { code, out, err } = await stage.runProcess(
    ['rotate', 'registry-token', '--stack', 'test', '--expires', expires],
    { INSTANDT_SECRET: secret, AZURE_LOG_LEVEL: 'verbose' },
  )
  assert.equal(code, 0, err)
  assert.match(err, /azure:/, 'it is wordy')
  assert.ok(!`${out}${err}`.includes(secret))
  assert.doesNotMatch(`${out}${err}`, /eyJ[\w-]+\.[\w-]+/)
})

test('a killed rotation is taken up again: one run, not two', async () => {
  let end: () => void = () => undefined
  stage.arm.platform.onJob = () => new Promise((resolve) => (end = () => resolve(true)))
  const runs = () => stage.arm.platform.jobs.get('caj-ops')?.executions.length
  const words = ['rotate', 'database-password', '--stack', 'test']
  await stage.interrupt(words, () => runs() === 1)
  const { code, err } = await stage.takeUp(words, () => end())
  assert.equal(code, 0, err)
  assert.match(err, /taking up caj-ops-/)
  assert.equal(runs(), 1)
})

test('where identities sign in there is no password to rotate', async () => {
  stage.deployment.database.auth = 'entra'
  const { code, err } = await stage.run(['rotate', 'database-password', '--stack', 'test'])
  assert.equal(code, 2)
  assert.match(err, /signs in with identities/)
})
