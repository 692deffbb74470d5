import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Stage, startStage } from './ops.fixture.ts'

let stage: Stage
before(async () => {
  stage = await startStage()
})
after(() => stage.stop())
beforeEach(() => {
  stage.reset()
  stage.deployment.link = { mode: 'managedEnvironment', message: 'instandt test 1a2b3', privateLinkService: null }
})

const approve = (...more: string[]) => stage.run(['approve-link', '--stack', 'test', ...more])
const pending = (...names: string[]) => {
  for (const name of names)
    stage.arm.connections.push({ name, status: 'Pending', description: stage.deployment.link.message })
}
const states = () => stage.arm.connections.map((one) => one.status)

for (const mode of ['managedEnvironment', 'privateLinkService'] as const)
  test(`${mode}: only the connections with our message are approved, all of them`, async () => {
    stage.deployment.link.mode = mode
    if (mode === 'privateLinkService') stage.deployment.link.privateLinkService = 'pl-test'
    const { message } = stage.deployment.link
    stage.arm.connections.push(
      { name: 'stranger', status: 'Pending', description: 'please approve' },
      { name: 'similar', status: 'Pending', description: `${message} ` },
    )
    pending('first', 'second')
    const { code, out, err } = await approve()
    assert.equal(code, 0, err)
    assert.equal(out, 'approved 2\n')
    assert.deepEqual(states(), ['Pending', 'Pending', 'Approved', 'Approved'])
    assert.equal((await approve()).out, 'approved already\n')
  })

test('the link is waited for, since Front Door asks late', async () => {
  setTimeout(() => pending('late'), 500)
  const { code, err } = await approve()
  assert.equal(code, 0, err)
  assert.deepEqual(states(), ['Approved'])
})

test('none within the time: 1 and what to do', async () => {
  const { code, err } = await approve('--wait-minutes', '0.005')
  assert.equal(code, 1)
  assert.match(err, /no connection carries 'instandt test 1a2b3' yet.*repeat the command/)
  for (const wrong of ['soon', '-1', ''])
    assert.equal((await approve('--wait-minutes', wrong)).code, 2, 'or it would wait for ever')
})

test('a rejected one is for a person', async () => {
  stage.arm.connections.push({ name: 'ours', status: 'Rejected', description: stage.deployment.link.message })
  const { code, err } = await approve()
  assert.equal(code, 3)
  assert.match(err, /ours is Rejected: remove its origin and deploy again/)
})

test('an approval that Azure takes and then refuses is told', async () => {
  pending('ours')
  stage.arm.operations.nextFailure = { code: 'ZoneMismatch', message: 'The zones do not match.' }
  const { code, err } = await approve()
  assert.equal(code, 1)
  assert.match(err, /The zones do not match/)
  assert.deepEqual(states(), ['Pending'])
})

test('killed in the middle, the next one approves the rest', async () => {
  pending('first', 'second')
  stage.arm.operations.polls = 50
  await stage.interrupt(['approve-link', '--stack', 'test'], () =>
    stage.arm.requests.some((line) => line.startsWith('PUT ')),
  )
  stage.arm.operations.polls = 2
  const { code, err } = await approve()
  assert.equal(code, 0, err)
  assert.deepEqual(states(), ['Approved', 'Approved'])
})

test('the token goes to Resource Manager alone, wherever an answer points', async () => {
  const foreign = await startStage()
  try {
    for (const nextLink of [`${foreign.arm.url}/next?api-version=1`, 'http://127.0.0.1:1/next'])
      for (const path of ['privateEndpointConnections', 'usages']) {
        stage.arm.connections.length = 0
        stage.arm.foreign = { match: new RegExp(`/${path}$`), nextLink }
        const { code, out, err } =
          path === 'usages'
            ? await stage.run([
                'preflight',
                '--subscription',
                stage.deployment.subscriptionId,
                '--location',
                'westeurope',
              ])
            : await approve('--wait-minutes', '0')
        assert.equal(code, 1)
        assert.match(out + err, /points to http.*: not followed/)
      }
    assert.deepEqual(foreign.arm.requests, [])
  } finally {
    await foreign.stop()
  }
})
