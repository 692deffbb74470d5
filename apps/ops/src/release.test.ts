// Releases against a Resource Manager on the loopback, whose apps' revisions behave as the platform's do.
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt } from './ops.fixture.ts'
import { startOpenStage } from './outside.fixture.ts'

const { stage, outside, stop } = await startOpenStage()
after(stop)
beforeEach(() => {
  stage.reset()
  outside.answer = () => undefined
})

const version = (name: string, letter: string): string[] => [
  '--version',
  name,
  '--backend-image',
  imageAt('backend', letter),
  '--frontend-image',
  imageAt('frontend', letter),
]
const words = (name: string, letter: string) => ['release', '--stack', 'test', ...version(name, letter)]
const release = (name: string, letter: string, given?: Record<string, string>) => stage.run(words(name, letter), given)
const app = (part: string) => stage.arm.platform.apps.get(`ca-${part}`)
const versionOf = (template: { containers: { env?: { value?: string }[] }[] } | undefined) =>
  template?.containers[0]?.env?.[0]?.value
/** What has the traffic. */
const serving = () =>
  ['backend', 'frontend'].map((part) =>
    versionOf(app(part)?.revisions.find((one) => one.name === app(part)?.ready)?.template),
  )
const ups = () => stage.called.filter((call) => call.action === 'up')
/** Revisions of that image never become ready. */
const breakImage = (letter: string) =>
  (stage.arm.platform.onRevision = async (_app, { template }) =>
    !template.containers.some((one) => one.image.endsWith(letter.repeat(64))))

test('a release migrates first, then brings up both apps, then looks from the outside', async () => {
  const looked: string[] = []
  outside.answer = (path) => void looked.push(path)
  let migrated: string | undefined
  stage.onInfra = async (call) => {
    if (call.action === 'up') migrated = stage.arm.platform.jobs.get('caj-migrate')?.executions[0]?.status
    if (call.action === 'up') looked.push(call.stackKind)
    return stage.applied(call)
  }
  const { code, out, err } = await release('1.0.0', 'a')
  assert.equal(code, 0, err)
  assert.equal(out, '1.0.0 serves\n')
  assert.equal(migrated, 'Succeeded')
  assert.deepEqual(looked, ['release', '/health/live', '/', '/api/session', '/dicom-web/studies'])
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
  assert.equal(
    stage.arm.platform.jobs.get('caj-migrate')?.executions[0]?.template.containers[0]?.image,
    imageAt('backend', 'a'),
  )
})

test('a failing migration changes nothing and ends with 1', async () => {
  stage.serve('1.0.0', 'a')
  stage.arm.platform.onJob = () => Promise.resolve(false)
  stage.arm.logLines.push('0002_x.sql: syntax error')
  const { code, err } = await release('1.1.0', 'b')
  assert.equal(code, 1)
  assert.match(err, /0002_x\.sql: syntax error/)
  assert.match(err, /1\.0\.0 goes on serving, nothing was changed/)
  assert.deepEqual(ups(), [])
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('a version that does not become ready is taken back by its revisions, without the engine', async () => {
  stage.serve('1.0.0', 'a')
  const former = app('backend')?.revisions[0]
  breakImage('c')
  const { code, out, err } = await release('1.1.0', 'c')
  assert.equal(code, 1, err)
  assert.match(err, /ca-backend--rcccccc\w{5} failed: its replicas do not become ready/)
  assert.equal(out, '1.1.0 failed, 1.0.0 serves\n')
  assert.equal(ups().length, 1, 'the engine may be what failed')
  assert.match(app('backend')?.ready ?? '', /^ca-backend--back-[0-9a-z]+$/)
  assert.deepEqual(app('backend')?.template.containers, former?.template.containers, 'as it was, settings and all')
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('a version that is ready but does not answer through Front Door is taken back', async () => {
  stage.serve('1.0.0', 'a')
  outside.answer = (path) => (path === '/' && serving()[1] === '1.1.0' ? 500 : undefined)
  const { code, out, err } = await release('1.1.0', 'b', { INSTANDT_READY_SECONDS: '1', INSTANDT_SMOKE_SECONDS: '1' })
  assert.equal(code, 1, err)
  assert.match(err, /through Front Door: \/ answered 500: not so that the web app is there/)
  assert.equal(out, '1.1.0 failed, 1.0.0 serves\n')
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('only the web app failing takes both back', async () => {
  stage.serve('1.0.0', 'a')
  stage.arm.platform.onRevision = async (name, { template }) => name === 'ca-backend' || versionOf(template) !== '1.1.0'
  const { code } = await release('1.1.0', 'b')
  assert.equal(code, 1)
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('a first release that fails has nothing to go back to', async () => {
  breakImage('a')
  const { code, err } = await release('1.0.0', 'a')
  assert.equal(code, 1)
  assert.doesNotMatch(err, /bringing/)
})

test('the same version can be tried again after it was taken back', async () => {
  stage.serve('1.0.0', 'a')
  breakImage('d')
  await release('1.1.0', 'd')
  stage.arm.platform.onRevision = () => Promise.resolve(true)
  const { code, err } = await release('1.1.0', 'd')
  assert.equal(code, 0, err)
  assert.match(app('backend')?.ready ?? '', /--rdddddd\w{5}-\w+$/)
})

test('the same images under changed settings are a new revision, unchanged ones are none', async () => {
  await release('1.0.0', 'a')
  const before = app('backend')?.revisions.length
  assert.equal((await release('1.0.0', 'a')).code, 0)
  assert.equal(app('backend')?.revisions.length, before)
  assert.equal((await release('1.0.1', 'a')).code, 0)
  assert.deepEqual(serving(), ['1.0.1', '1.0.1'])
})

test('an engine that fails half way leaves the former version in charge', async () => {
  stage.serve('1.0.0', 'a')
  stage.onInfra = async (call) => {
    if (call.action !== 'up') return stage.applied(call)
    stage.applied(call)
    throw new Error('Conflict: 409')
  }
  const { code, out, err } = await release('2.0.0', 'e')
  assert.equal(code, 1)
  assert.match(err, /release up failed: Conflict: 409/)
  assert.equal(out, '2.0.0 failed, 1.0.0 serves\n')
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('a stack that another release works on is left to that one', async () => {
  stage.serve('1.0.0', 'a')
  stage.onInfra = async (call) => {
    if (call.action !== 'up') return stage.applied(call)
    stage.serve('1.2.0', 'f')
    throw Object.assign(new Error('another run works on this stack'), { isLocked: true })
  }
  const { code, err } = await release('1.1.0', 'b')
  assert.equal(code, 3)
  assert.match(err, /another run works on this stack/)
  assert.deepEqual(serving(), ['1.2.0', '1.2.0'])
})

for (const [moment, isReached] of [
  ['while the migration runs', () => stage.arm.platform.jobs.get('caj-migrate')?.executions.length === 1],
  ['while the new revisions start', () => app('backend')?.revisions.length === 2],
] as const)
  test(`killed ${moment}, the next one goes on and goes back as far as before`, async () => {
    stage.serve('1.0.0', 'a')
    const open: (() => void)[] = []
    const held = new Promise<true>((resolve) => open.push(() => resolve(true)))
    stage.arm.platform.onJob = () => (moment.includes('migration') ? held : Promise.resolve(true))
    stage.arm.platform.onRevision = async (_app, { template }) => {
      if (versionOf(template) !== '1.1.0') return true
      await held
      return false
    }
    await stage.interrupt(words('1.1.0', 'b'), isReached)
    open[0]?.()
    const { code, out, err } = await release('1.1.0', 'b')
    assert.equal(code, 1, err)
    assert.equal(out, '1.1.0 failed, 1.0.0 serves\n', 'not back to what was asked for last')
    assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
  })

test('killed between the two apps, the next one takes both back', async () => {
  stage.serve('1.0.0', 'a')
  stage.serve('1.1.0', 'b')
  await sleep(20)
  // As if the kill had come before the web app was ready.
  const frontend = app('frontend')
  if (frontend) frontend.ready = frontend.revisions[0]?.name
  const { code, out, err } = await release('1.1.0', 'b', { INSTANDT_READY_SECONDS: '1', INSTANDT_SMOKE_SECONDS: '1' })
  assert.equal(code, 1, err)
  assert.equal(out, '1.1.0 failed, 1.0.0 serves\n')
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
})

test('a version that served before the command is not taken back by it, but by hand', async () => {
  stage.serve('1.0.0', 'a')
  stage.serve('1.1.0', 'b')
  await sleep(20)
  outside.answer = (path) => (path === '/' && serving()[1] === '1.1.0' ? 500 : undefined)
  const { code, err } = await release('1.1.0', 'b', { INSTANDT_READY_SECONDS: '1', INSTANDT_SMOKE_SECONDS: '1' })
  assert.equal(code, 3)
  assert.match(err, /1\.1\.0 served before this command began.*release --back 1\.0\.0/)
  assert.deepEqual(serving(), ['1.1.0', '1.1.0'])
  const back = ['release', '--stack', 'test', '--back']
  const dry = await stage.run([...back, '1.0.0', '--dry-run'])
  assert.match(dry.out, /would bring 1\.0\.0 back \(ca-backend--raaaaaa/)
  assert.deepEqual(serving(), ['1.1.0', '1.1.0'])
  const done = await stage.run([...back, '1.0.0'])
  assert.equal(done.code, 0, done.err)
  assert.equal(done.out, '1.0.0 serves\n')
  assert.deepEqual(serving(), ['1.0.0', '1.0.0'])
  const count = app('backend')?.revisions.length
  assert.equal((await stage.run([...back, '1.0.0'])).code, 0)
  assert.equal(app('backend')?.revisions.length, count, 'repeated, it does nothing')
  const unknown = await stage.run([...back, '0.9.0'])
  assert.equal(unknown.code, 3)
  assert.match(unknown.err, /no revision of 0\.9\.0, only of 1\.0\.0, 1\.1\.0/)
})

test('a roll back goes on over 409, 429, 503 and lost answers', async () => {
  for (const kind of ['busy', 'throttled', 'unavailable', 'lost', 'lost-after'] as const) {
    stage.reset()
    stage.serve('1.0.0', 'a')
    breakImage('c')
    stage.arm.faults.push({ match: /^PATCH .*ca-backend$/, kind, times: 1 })
    const { code, out, err } = await release('1.1.0', 'c')
    assert.equal(code, 1, err)
    assert.equal(out, '1.1.0 failed, 1.0.0 serves\n', kind)
    assert.equal(app('backend')?.revisions.length, 3, `${kind}: one revision, not two`)
  }
})

test('a roll back that Azure refuses says what a person can do', async () => {
  stage.serve('1.0.0', 'a')
  breakImage('c')
  stage.arm.faults.push({ match: /^PATCH /, kind: 'quota', times: 9 })
  const { code, err } = await release('1.1.0', 'c')
  assert.equal(code, 3)
  assert.match(err, /1\.0\.0 could not be brought back: .*QuotaExceeded.*; repeat: release --back 1\.0\.0/)
})
