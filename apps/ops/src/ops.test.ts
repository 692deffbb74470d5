import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt, type Stage, startStage } from './ops.fixture.ts'

let stage: Stage
before(async () => {
  stage = await startStage()
})
after(() => stage.stop())
beforeEach(() => {
  const { arm } = stage
  arm.requests.length = 0
  arm.faults.length = 0
  arm.connections.length = 0
  arm.logLines.length = 0
  for (const job of arm.jobs.values()) job.executions.length = 0
  arm.onJob = () => Promise.resolve(true)
  stage.called.length = 0
  stage.onInfra = () => Promise.resolve({ deployment: stage.deployment })
})

const image = imageAt('backend', 'a')
const migrate = ['migrate', '--stack', 'test', '--backend-image', image]
const starts = () => stage.arm.requests.filter((line) => line.endsWith('/start')).length

test('migrate starts the job with the new image and everything else of its own', async () => {
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 0, err)
  const [execution] = stage.arm.jobs.get('caj-migrate')?.executions ?? []
  const [container] = execution?.template.containers ?? []
  assert.equal(container?.image, image)
  assert.deepEqual(container?.command, ['node', 'apps/migrate'])
  assert.ok(container?.env?.some((one) => one.name === 'AZURE_CLIENT_ID'))
  assert.deepEqual(container?.resources, { cpu: 0.5, memory: '1Gi' })
})

test('a failing migration ends with 1 and its last lines', async () => {
  stage.arm.onJob = () => Promise.resolve(false)
  stage.arm.logLines.push('0005_x.sql: division by zero (22012) at line 3, column 8')
  const { code, err } = await stage.run(migrate)
  assert.equal(code, 1)
  assert.match(err, /0005_x\.sql: division by zero/)
  assert.match(err, /the migration failed/)
})

test('migrate waits for the end, however long the start takes to answer', async () => {
  let isEnded = false
  stage.arm.onJob = async () => {
    await sleep(1500)
    isEnded = true
    return true
  }
  const { code } = await stage.run(migrate)
  assert.equal(code, 0)
  assert.ok(isEnded)
})

for (const kind of ['throttled', 'busy', 'lost', 'lost-after'] as const)
  test(`a start that is ${kind} begins one run and no second`, async () => {
    stage.arm.onJob = async () => {
      await sleep(2500)
      return true
    }
    stage.arm.faults.push({ match: /POST .*\/start$/, kind, times: 1 })
    const { code, err } = await stage.run(migrate)
    assert.equal(code, 0, err)
    assert.equal(stage.arm.jobs.get('caj-migrate')?.executions.length, 1)
    assert.equal(starts(), kind === 'lost-after' ? 1 : 2)
  })

test('reading goes on over broken lines and throttling', async () => {
  stage.arm.faults.push(
    { match: /GET .*\/executions/, kind: 'lost', times: 2 },
    { match: /GET .*\/jobs\//, kind: 'throttled', times: 1 },
  )
  assert.equal((await stage.run(migrate)).code, 0)
})

test('an interrupted migrate is taken up again by the next one', async () => {
  let end: () => void = () => undefined
  stage.arm.onJob = () => new Promise((resolve) => (end = () => resolve(true)))
  const child = stage.spawn(migrate)
  while (stage.arm.jobs.get('caj-migrate')?.executions.length === 0) await sleep(50)
  child.kill('SIGKILL')
  await once(child, 'close')
  // The run ends once the second command looks at it, however long that takes to start.
  const before = stage.arm.requests.length
  const timer = setInterval(() => {
    if (stage.arm.requests.slice(before).some((line) => /^GET .*\/executions\/caj-/.test(line))) end()
  }, 50)
  const { code, err } = await stage.run(migrate)
  clearInterval(timer)
  assert.equal(code, 0, err)
  assert.match(err, /taking up caj-migrate-/)
  assert.equal(starts(), 1)
})

test('while another run goes on, none is begun', async () => {
  stage.arm.jobs.get('caj-migrate')?.executions.push({
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

test('only the connections with our message are approved, on every page', async () => {
  const { message } = stage.deployment.link
  stage.arm.connections.push(
    { name: 'stranger', status: 'Pending', description: 'please approve' },
    { name: 'similar', status: 'Pending', description: `${message} ` },
    { name: 'first', status: 'Pending', description: message },
    { name: 'second', status: 'Pending', description: message },
  )
  const { code, out } = await stage.run(['approve-link', '--stack', 'test'])
  assert.equal(code, 0)
  assert.match(out, /approved 2/)
  assert.deepEqual(
    stage.arm.connections.map((one) => one.status),
    ['Pending', 'Pending', 'Approved', 'Approved'],
  )
  const again = await stage.run(['approve-link', '--stack', 'test'])
  assert.equal(again.out, 'approved already\n')
})

test('the link is waited for, since Front Door asks late', async () => {
  setTimeout(
    () => stage.arm.connections.push({ name: 'late', status: 'Pending', description: stage.deployment.link.message }),
    2500,
  )
  const { code, err } = await stage.run(['approve-link', '--stack', 'test'])
  assert.equal(code, 0, err)
  assert.equal(stage.arm.connections[0]?.status, 'Approved')
})

test('a dry run approves nothing', async () => {
  stage.arm.connections.push({ name: 'ours', status: 'Pending', description: stage.deployment.link.message })
  const { code } = await stage.run(['approve-link', '--stack', 'test', '--dry-run'])
  assert.equal(code, 0)
  assert.equal(stage.arm.connections[0]?.status, 'Pending')
  assert.ok(!stage.arm.requests.some((line) => /^(PUT|POST|PATCH|DELETE) /.test(line)))
})

test('a rotated token goes into the vault with its last day and nowhere else', async () => {
  const secret = 'new-deploy-token'
  const expires = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10)
  const { code, out, err } = await stage.run(['rotate', 'registry-token', '--stack', 'test', '--expires', expires], {
    INSTANDT_SECRET: secret,
  })
  assert.equal(code, 0, err)
  const kept = stage.arm.secrets.get('gitlab-registry-token')
  assert.equal(kept?.value, secret)
  assert.equal(kept?.exp, Date.parse(`${expires}T23:59:59Z`) / 1000)
  assert.ok(!out.includes(secret) && !err.includes(secret))
  assert.equal(
    (await stage.run(['rotate', 'registry-token', '--expires', '2020-01-01'], { INSTANDT_SECRET: secret })).code,
    2,
  )
  assert.equal((await stage.run(['rotate', 'registry-token', '--expires', expires])).code, 2, 'no value given')
})

test('what needs the private network runs inside it', async () => {
  assert.equal((await stage.run(['rotate', 'keys', '--stack', 'test'])).code, 0)
  assert.deepEqual(stage.arm.jobs.get('caj-ops')?.executions[0]?.template.containers[0]?.args, ['rotate', 'keys'])
  assert.equal((await stage.run(['job', '--stack', 'test', '--', 'audit', 'verify'])).code, 0)
  assert.deepEqual(stage.arm.jobs.get('caj-ops')?.executions[0]?.template.containers[0]?.args, ['audit', 'verify'])
})

test('a platform of an older version is named, with what it does not say', async () => {
  stage.onInfra = () => Promise.resolve({ deployment: { ...stage.deployment, link: undefined } })
  const { code, err } = await stage.run(['doctor', '--stack', 'test'])
  assert.equal(code, 1)
  assert.match(err, /the platform of 'test' does not say link/)
})

test('a wrong word is answered with 2', async () => {
  assert.equal((await stage.run(['destroy'])).code, 2)
  assert.equal((await stage.run(['migrate', '--imgae', 'x'])).code, 2)
})
