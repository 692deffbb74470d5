import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { makeSelfSigned } from '@instandt/testkit'
import { day, detail, ids, profile, securityPolicy, startDoctor, type Answer } from './doctor.fixture.ts'
import { startOutside } from './outside.fixture.ts'

const doctors = await startDoctor()
const { stage, outside, names, settings, set, doctor, opened } = doctors
after(() => doctors.stop())
beforeEach(() => doctors.makeWell())

test('nothing is wrong with an installation that is well', async () => {
  const { code, findings, err } = await doctor()
  assert.deepEqual(
    findings.filter((one) => one.state !== 'ok'),
    [],
    err,
  )
  assert.equal(code, 0)
  assert.deepEqual(
    findings.map((one) => one.name),
    [
      'from the outside',
      'private link',
      'firewall',
      'firewall over every domain',
      'DNS record',
      'domain',
      'certificate',
      'environment closed',
      'storage closed',
      'vault closed',
      'database closed',
      'secrets',
      'database',
      'backups',
      'image store',
      'backend',
      'frontend',
      'migration',
    ],
  )
  assert.equal(detail(findings, 'migration'), 'schema 14, ran with the image that serves')
  assert.equal(detail(findings, 'firewall'), 'blocks, Microsoft_DefaultRuleSet 2.1')
  assert.ok(!stage.arm.requests.some((line) => !/^(GET|POST \/v1\/)/.test(line)), 'it only reads')
})

test('people get a table', async () => {
  const { out } = await stage.run(['doctor', '--stack', 'test'], settings)
  assert.match(out, /^ok {2}firewall {20}blocks, /m)
})

doctors.testEach([
  ['a site that does not answer', 'from the outside', () => (outside.answer = () => 502), /answered 502/],
  [
    'images that need no signing in',
    'from the outside',
    () => (outside.answer = (path) => (path.startsWith('/dicom-web') ? 200 : undefined)),
    /answered 200: not so that images are behind the door/,
  ],
  [
    'a link that waits',
    'private link',
    () => stage.arm.connections.push({ name: 'again', status: 'Pending', description: stage.deployment.link.message }),
    /1 wait for approval: approve-link/,
  ],
  ['no link', 'private link', () => (stage.arm.connections.length = 0), /there is none/],
  [
    'a link of somebody else',
    'private link',
    () => stage.arm.connections.push({ name: 'x', status: 'Approved', description: 'mine' }),
    /not ours and yet approved: x \(mine\)/,
  ],
  [
    'a firewall that only counts',
    'firewall',
    set(ids.firewall, ({ policySettings }) => Object.assign(policySettings as Answer, { mode: 'Detection' })),
    /Detection blocks nothing/,
  ],
  [
    'a firewall that is off',
    'firewall',
    set(ids.firewall, ({ policySettings }) => Object.assign(policySettings as Answer, { enabledState: 'Disabled' })),
    /is switched off/,
  ],
  ['a firewall without rules', 'firewall', opened(ids.firewall, 'managedRules', {}), /has no managed rules/],
  ['no firewall', 'firewall', () => stage.arm.resources.delete(ids.firewall), /there is no firewall policy/],
  [
    'a domain outside the firewall',
    'firewall over every domain',
    () => stage.arm.resources.set(`${profile}/afdEndpoints`, { value: [{ id: '/other', name: 'fde-other' }] }),
    /outside the firewall: fde-other/,
  ],
  [
    'a domain under another firewall',
    'firewall over every domain',
    () => stage.arm.resources.set(ids.policies, { value: [securityPolicy('/lax', [ids.endpoint, ids.domain])] }),
    /outside the firewall: fde-test, ndt-example-com/,
  ],
  [
    'a firewall over some paths',
    'firewall over every domain',
    () =>
      stage.arm.resources.set(ids.policies, {
        value: [securityPolicy(ids.firewall, [ids.endpoint, ids.domain], ['/api/*'])],
      }),
    /outside the firewall/,
  ],
  [
    'a name that leads elsewhere',
    'DNS record',
    () => (names.records['ndt.example.com'] = { cname: 'old.example.net' }),
    /leads to old\.example\.net as seen from here/,
  ],
  ['a name that is not there', 'DNS record', () => delete names.records['ndt.example.com'], /leads to nothing/],
  [
    'a name that is not validated',
    'domain',
    opened(ids.domain, 'domainValidationState', 'TimedOut'),
    /TimedOut: the TXT record _dnsauth must hold the token/,
  ],
])

const worries: [string, string, () => void, RegExp][] = [
  [
    'a secret that runs out soon',
    'secrets',
    () => stage.arm.secrets.set('gitlab-registry-token', { exp: Date.now() / 1000 + 10.5 * day }),
    /gitlab-registry-token in 10 days/,
  ],
  [
    'a validation that is due again',
    'domain',
    opened(ids.domain, 'domainValidationState', 'PendingRevalidation'),
    /to be validated again/,
  ],
  [
    'a migration of another image',
    'migration',
    () => stage.serve('1.1.0', 'b'),
    /last ran with another image than the one that serves/,
  ],
]
for (const [what, name, plant, says] of worries)
  test(`it points at ${what}, which is no fault`, async () => {
    plant()
    await sleep(10)
    const { code, findings } = await doctor()
    assert.equal(code, 0)
    assert.match(findings.find((one) => one.name === name)?.detail ?? '', says)
  })

test('it looks at the certificate that browsers are shown', async () => {
  const soon = makeSelfSigned({ days: 10, name: 'soon' })
  const brief = await startOutside(soon)
  stage.deployment.publicUrl = brief.url
  const untrusted = await doctor()
  assert.equal(untrusted.code, 1)
  assert.match(detail(untrusted.findings, 'certificate') ?? '', /127\.0\.0\.1: self-signed certificate/)
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), soon.certificate])
  const { code, findings } = await doctor()
  await brief.stop()
  assert.equal(code, 0)
  assert.match(detail(findings, 'certificate') ?? '', /good for 9 more days/)
})

test('an alias at the zone’s own name is as good as a CNAME', async () => {
  names.records['ndt.example.com'] = { a: ['192.0.2.9', '192.0.2.1'] }
  names.records['fde-test.azurefd.net'] = { a: ['192.0.2.1'] }
  const { findings } = await doctor()
  assert.equal(detail(findings, 'DNS record'), 'ndt.example.com has the addresses of fde-test.azurefd.net')
})

test('without a name of its own the generated one is looked at', async () => {
  const { host } = new URL(outside.url)
  Object.assign(stage.deployment.frontDoor, { customDomain: null, endpointHost: host })
  const { code, findings } = await doctor()
  Object.assign(stage.deployment.frontDoor, { endpointHost: 'fde-test.azurefd.net' })
  assert.equal(code, 0)
  assert.equal(detail(findings, 'from the outside'), outside.url)
  assert.match(detail(findings, 'domain') ?? '', /customDomain is off/)
})

test('what cannot be looked at is a fault of that point alone', async () => {
  stage.arm.faults.push({ match: /storageAccounts\/sttest$/, kind: 'quota', times: 9 })
  const { code, findings } = await doctor()
  assert.equal(code, 1)
  assert.match(detail(findings, 'storage closed') ?? '', /could not be checked: .*QuotaExceeded/)
  assert.equal(findings.filter((one) => one.state === 'fault').length, 1)
})

test('throttling and broken lines are no illness', async () => {
  for (const kind of ['throttled', 'lost', 'unavailable'] as const)
    stage.arm.faults.push({ match: /Microsoft\.(KeyVault|Cdn|Storage|DBforPostgreSQL|App|Network)/, kind, times: 1 })
  const { code, findings } = await doctor()
  assert.equal(code, 0, JSON.stringify(findings.filter((one) => one.state !== 'ok')))
})
