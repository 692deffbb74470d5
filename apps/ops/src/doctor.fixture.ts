// For tests of doctor: an installation that is well, and ways to make it ill.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageAt } from './ops.fixture.ts'
import { startNames, startOpenStage } from './outside.fixture.ts'

export const day = 86_400
const group = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-test/providers'
export const profile = `${group}/Microsoft.Cdn/profiles/afd-test`
export const ids = {
  environment: `${group}/Microsoft.App/managedEnvironments/cae-test`,
  firewall: `${group}/Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/fdfptest`,
  policies: `${profile}/securityPolicies`,
  endpoint: `${profile}/afdEndpoints/fde-test`,
  domain: `${profile}/customDomains/ndt-example-com`,
  storage: `${group}/Microsoft.Storage/storageAccounts/sttest`,
  vault: `${group}/Microsoft.KeyVault/vaults/kv-test`,
  database: `${group}/Microsoft.DBforPostgreSQL/flexibleServers/psql-test`,
}
export type Answer = Record<string, unknown>

/** What Resource Manager says of an installation that is well. */
const healthy = (): Record<string, { properties: Answer } | { value: Answer[] }> => ({
  [ids.environment]: {
    properties: {
      workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
      publicNetworkAccess: 'Disabled',
      vnetConfiguration: { internal: true },
    },
  },
  [ids.firewall]: {
    properties: {
      policySettings: { enabledState: 'Enabled', mode: 'Prevention' },
      managedRules: { managedRuleSets: [{ ruleSetType: 'Microsoft_DefaultRuleSet', ruleSetVersion: '2.1' }] },
    },
  },
  [ids.policies]: { value: [securityPolicy(ids.firewall, [ids.endpoint, ids.domain.toUpperCase()])] },
  [`${profile}/afdEndpoints`]: { value: [{ id: ids.endpoint, name: 'fde-test' }] },
  [`${profile}/customDomains`]: { value: [{ id: ids.domain, name: 'ndt-example-com' }] },
  [ids.domain]: { properties: { domainValidationState: 'Approved' } },
  [ids.storage]: {
    properties: {
      publicNetworkAccess: 'Disabled',
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      networkAcls: { defaultAction: 'Deny' },
    },
  },
  [`${ids.storage}/blobServices/default`]: {
    properties: { isVersioningEnabled: true, deleteRetentionPolicy: { enabled: true, days: 90 } },
  },
  [ids.vault]: {
    properties: {
      tenantId: '22222222-2222-4222-8222-222222222222',
      sku: { family: 'A', name: 'standard' },
      publicNetworkAccess: 'Disabled',
      enablePurgeProtection: true,
      enableRbacAuthorization: true,
      networkAcls: { defaultAction: 'Deny' },
    },
  },
  [ids.database]: {
    properties: {
      state: 'Ready',
      network: { publicNetworkAccess: 'Disabled' },
      authConfig: { passwordAuth: 'Disabled' },
      highAvailability: { state: 'Healthy' },
    },
  },
  [`${ids.database}/backups`]: {
    value: [{ name: 'b', properties: { completedTime: new Date(Date.now() - 3_600_000).toISOString() } }],
  },
})

export function securityPolicy(policy: string, domains: string[], patternsToMatch = ['/*']): Answer {
  const associations = [{ domains: domains.map((id) => ({ id })), patternsToMatch }]
  return { properties: { parameters: { type: 'WebApplicationFirewall', wafPolicy: { id: policy }, associations } } }
}

export type Found = { name: string; state: string; detail: string }
export const detail = (findings: Found[], name: string) => findings.find((one) => one.name === name)?.detail

export async function startDoctor() {
  const { stage, outside, stop } = await startOpenStage()
  const names = await startNames({})
  const settings = { INSTANDT_NAME_SERVERS: names.address }
  /** Resource Manager's answer about one resource, with something changed. */
  const set = (path: string, change: (answer: Answer) => void) => (): void => {
    const answer = structuredClone(healthy()[path]) as Answer
    change((answer['properties'] ?? answer) as Answer)
    stage.arm.resources.set(path, answer)
  }
  const doctor = async (): Promise<{ code: number | null; findings: Found[]; err: string }> => {
    const { code, out, err } = await stage.run(['doctor', '--stack', 'test', '--json'], settings)
    return { code, err, findings: JSON.parse(out) as Found[] }
  }
  return {
    outside,
    names,
    stage,
    settings,
    set,
    opened: (path: string, key: string, value: unknown) => set(path, (properties) => (properties[key] = value)),
    doctor,
    /** One test for each way to be ill: it is found, named, and nothing else is. */
    testEach(illnesses: [string, string, () => void, RegExp][]): void {
      for (const [what, name, plant, says] of illnesses)
        test(`it finds ${what}`, async () => {
          plant()
          const { code, findings } = await doctor()
          assert.equal(code, 1)
          const faults = findings.filter((one) => one.state === 'fault')
          assert.deepEqual(
            faults.map((one) => one.name),
            [name],
          )
          assert.match(faults[0]?.detail ?? '', says)
        })
    },
    async makeWell(): Promise<void> {
      stage.reset()
      outside.answer = () => undefined
      stage.deployment.publicUrl = outside.url
      Object.assign(stage.deployment.frontDoor, { customDomain: 'ndt.example.com' })
      for (const name of Object.keys(names.records)) delete names.records[name]
      names.records['ndt.example.com'] = { cname: 'fde-test.azurefd.net' }
      const { arm } = stage
      for (const [path, answer] of Object.entries(healthy())) arm.resources.set(path, answer)
      arm.connections.push({ name: 'ours', status: 'Approved', description: stage.deployment.link.message })
      arm.secrets.set('gitlab-registry-token', { exp: Date.now() / 1000 + 200 * day })
      stage.serve('1.0.0', 'a')
      arm.platform.jobs.get('caj-migrate')?.executions.push({
        name: 'caj-migrate-1',
        status: 'Succeeded',
        startTime: '2026-11-25T00:00:00Z',
        template: { containers: [{ name: 'migrate', image: imageAt('backend', 'a') }] },
      })
      arm.logLines.push('no JSON', '{"level":"info","version":14,"msg":"schema is up to date"}')
      await sleep(10)
    },
    async stop() {
      names.stop()
      await stop()
    },
  }
}
