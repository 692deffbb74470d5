import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt, type Stage, startStage } from './ops.fixture.ts'

let stage: Stage
before(async () => {
  stage = await startStage()
})
after(() => stage.stop())
beforeEach(() => stage.reset())

const image = imageAt('backend', 'a')
const migrate = ['migrate', '--stack', 'test', '--backend-image', image]
const starts = () => stage.arm.requests.filter((line) => line.endsWith('/start')).length
const executions = (job = 'caj-migrate') => stage.arm.platform.jobs.get(job)?.executions ?? []

test('migrate starts the job with the new image and everything else of its own', async () => {
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 0, err)
  const [container] = executions()[0]?.template.containers ?? []
  assert.equal(container?.image, image)
  assert.deepEqual(container?.command, ['node', 'apps/migrate'])
  assert.ok(container?.env?.some((one) => one.name === 'AZURE_CLIENT_ID'))
  assert.deepEqual(container?.resources, { cpu: 0.5, memory: '1Gi' })
})

test('a failing migration ends with 1 and its last lines, however late they come', async () => {
  const { arm } = stage
  arm.platform.onJob = async () => {
    arm.logLines.push('0005_x.sql: applying')
    await sleep(200)
    setTimeout(() => arm.logLines.push('0005_x.sql: division by zero (22012) at line 3, column 8'), 150)
    return false
  }
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 1)
  assert.match(err, /0005_x\.sql: division by zero/)
  assert.match(err, /the migration failed/)
  assert.equal(err.match(/0005_x\.sql: applying/g)?.length, 1, 'each line once')
})

test('migrate waits for the end, however long the start takes to answer', async () => {
  let isEnded = false
  stage.arm.platform.onJob = async () => {
    await sleep(1500)
    isEnded = true
    return true
  }
  assert.equal((await stage.run(migrate)).code, 0)
  assert.ok(isEnded)
})

for (const kind of ['throttled', 'busy', 'unavailable', 'lost', 'lost-after'] as const)
  for (const ms of [0, 2500])
    test(`a start that is ${kind} begins one run and no second, also when it ends after ${ms} ms`, async () => {
      stage.arm.platform.onJob = async () => {
        await sleep(ms)
        return true
      }
      stage.arm.faults.push({ match: /POST .*\/start$/, kind, times: 1 })
      const { code, err } = await stage.run(migrate)
      assert.equal(code, 0, err)
      assert.equal(executions().length, 1)
      assert.equal(starts(), kind === 'lost-after' ? 1 : 2)
    })

test('a start whose operation cannot be asked after is found again', async () => {
  stage.arm.faults.push({ match: /operationResults/, kind: 'lost', times: 1 })
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 0, err)
  assert.equal(executions().length, 1)
})

test('a start that is accepted and then refused is told', async () => {
  stage.arm.operations.nextFailure = { code: 'JobExecutionFailed', message: 'No capacity in the region.' }
  stage.arm.platform.onJob = () => new Promise(() => undefined)
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 1)
  assert.match(err, /could not be started: .*No capacity in the region/)
})

test('the service says how long to wait between two looks', async () => {
  Object.assign(stage.arm.operations, { retryAfter: '1', polls: 3 })
  assert.equal((await stage.run(migrate)).code, 0)
  const [first = 0, second = 0] = stage.arm.operations.polledAt.slice(-2)
  assert.ok(second - first > 950, `${second - first} ms`)
})

test('reading goes on over broken lines and throttling', async () => {
  stage.arm.faults.push(
    { match: /GET .*\/executions/, kind: 'lost', times: 2 },
    { match: /GET .*\/jobs\//, kind: 'throttled', times: 1 },
  )
  assert.equal((await stage.run(migrate)).code, 0)
})

test('a killed migrate is taken up again by the next one', async () => {
  let end: () => void = () => undefined
  stage.arm.platform.onJob = () => new Promise((resolve) => (end = () => resolve(true)))
  await stage.interrupt(migrate, () => executions().length === 1)
  const { code, err } = await stage.takeUp(migrate, () => end())
  assert.equal(code, 0, err)
  assert.match(err, /taking up caj-migrate-/)
  assert.equal(starts(), 1)
})

test('while another run goes on, none is begun', async () => {
  executions().push({
    name: 'caj-migrate-other',
    status: 'Running',
    startTime: new Date().toISOString(),
    template: { containers: [] },
  })
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 3)
  assert.match(err, /already running as caj-migrate-other/)
  assert.equal(starts(), 0)
})

test('no quota: Azure’s words, and 1', async () => {
  stage.arm.faults.push({ match: /POST .*\/start$/, kind: 'quota', times: 9 })
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 1)
  assert.match(err, /could not be started: .*QuotaExceeded: no cores left/)
})

test('an image without its digest is refused before anything is asked', async () => {
  const { code, err } = await stage.run(['migrate', '--backend-image', 'registry.example.com/instandt/backend:latest'])
  assert.equal(code, 2)
  assert.match(err, /must name the image by its digest/)
  assert.equal(stage.arm.requests.length, 0)
})

test('what needs the private network runs inside it, with the program that serves', async () => {
  stage.serve('1.4.0', 'e')
  stage.arm.logLines.push('12 events, chain up to link 12, 2 anchors', 'intact')
  const { code, out, err } = await stage.run(['job', '--stack', 'test', '--', 'audit', 'verify'])
  assert.equal(code, 0, err)
  assert.match(err, /intact/, 'what it says is the result')
  assert.equal(out, 'audit verify: done\n')
  const [container] = executions('caj-ops')[0]?.template.containers ?? []
  assert.deepEqual(container?.args, ['audit', 'verify'])
  assert.equal(container?.image, imageAt('backend', 'e'), 'not the image the job was made with')
  assert.equal((await stage.run(['rotate', 'keys', '--stack', 'test'])).code, 0)
  assert.deepEqual(executions('caj-ops')[0]?.template.containers[0]?.args, ['rotate', 'keys'])
})

test('a restored server is looked at by the same job', async () => {
  const host = 'psql-drill.postgres.database.azure.com'
  const args = ['job', '--stack', 'test', '--database-host', host, '--', 'reindex', '--dry-run']
  assert.equal((await stage.run(args)).code, 0)
  const env = executions('caj-ops')[0]?.template.containers[0]?.env ?? []
  assert.equal(env.find((one) => one.name === 'DATABASE_URL')?.value, `postgres://id-ops@${host}:5432/instandt`)
  assert.equal((await stage.run(['job', '--database-host', 'evil.example.com', '--', 'reindex'])).code, 2)
})

for (const words of ['token create --name x', 'account reset-password', 'audit export', 'auditverify', ''])
  test(`'${words}' does not run where its answer would stand in a log`, async () => {
    const { code, err } = await stage.run(['job', '--stack', 'test', '--', ...words.split(' ').filter(Boolean)])
    assert.equal(code, 2)
    assert.match(err, /name one of these/)
    assert.equal(executions('caj-ops').length, 0)
  })
