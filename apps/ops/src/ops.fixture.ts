// For tests: an installation as the operations command finds it, and the command as a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ArmServer, startArm } from './arm-server.fixture.ts'
import type { Deployment } from './deployment.ts'

export interface InfraCalled {
  stackKind: string
  action: string
  config: Record<string, string>
}

export interface Stage {
  arm: ArmServer
  deployment: Deployment
  /** What infra was asked to do; in its place stands a program that asks us. */
  called: InfraCalled[]
  /** What infra does; throws where the engine fails. */
  onInfra: (call: InfraCalled) => Promise<Record<string, unknown>>
  run(args: string[], env?: Record<string, string>): Promise<{ code: number | null; out: string; err: string }>
  /** Starts without waiting, to be interrupted. */
  spawn(args: string[]): ReturnType<typeof spawn>
  stop(): Promise<void>
}

export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
export const imageAt = (name: string, letter: string): string =>
  `registry.example.com/instandt/${name}@${digest(letter)}`

const identity = { id: '/id', clientId: 'c', principalId: 'p', name: 'id-test' }

const infraStub = `
const args = process.argv.slice(2)
const response = await fetch(process.env.CONTROL_URL, { method: 'POST', body: JSON.stringify(args) })
const { code, lines } = await response.json()
for (const line of lines) console.log(JSON.stringify(line))
process.exitCode = code
`

export async function startStage(publicUrl = 'https://ndt.invalid'): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'instandt-ops-'))
  const arm = await startArm((pem) => {
    writeFileSync(path.join(folder, 'ca.pem'), pem)
    return path.join(folder, 'ca.pem')
  })
  writeFileSync(path.join(folder, 'infra.mjs'), infraStub)
  const container = (name: string) => ({
    name,
    image: imageAt('backend', '0'),
    command: ['node', `apps/${name}`],
    env: [{ name: 'AZURE_CLIENT_ID', value: 'c' }],
    resources: { cpu: 0.5, memory: '1Gi' },
  })
  arm.jobs.set('caj-migrate', { containers: [container('migrate')], executions: [] })
  arm.jobs.set('caj-ops', { containers: [container('ops')], executions: [] })
  const deployment: Deployment = {
    workload: 'instandt',
    environment: 'test',
    location: 'westeurope',
    subscriptionId: '11111111-1111-4111-8111-111111111111',
    tenantId: '22222222-2222-4222-8222-222222222222',
    resourceGroup: 'rg-test',
    managedEnvironment: {
      name: 'cae-test',
      id: `${arm.group}/providers/Microsoft.App/managedEnvironments/cae-test`,
      defaultDomain: 'sea.example.com',
      staticIp: '10.0.0.4',
    },
    apps: { frontend: 'ca-frontend', backend: 'ca-backend' },
    jobs: { migrate: 'caj-migrate', ops: 'caj-ops' },
    registry: { server: 'registry.example.com', tokenSecret: 'gitlab-registry-token' },
    frontDoor: {
      profile: 'afd-test',
      endpoint: 'fde-test',
      endpointHost: 'fde-test.azurefd.net',
      wafPolicy: 'fdfptest',
      customDomain: 'ndt.invalid',
      customDomainName: 'ndt-invalid',
      id: 'guid',
    },
    link: { mode: 'managedEnvironment', message: 'instandt test 1a2b3', privateLinkService: null },
    dns: {
      zone: null,
      nameServers: [],
      records: [{ name: 'ndt.invalid', type: 'CNAME', value: 'fde-test.azurefd.net' }],
    },
    publicUrl,
    vault: { name: 'kv-test', uri: 'https://kv-test.vault.azure.net/' },
    storage: { account: 'sttest', container: 'instandt', auditContainer: 'instandt-audit' },
    database: {
      server: 'psql-test',
      fqdn: 'psql-test.postgres.database.azure.com',
      name: 'instandt',
      tier: 'GeneralPurpose',
      sku: 'Standard_D4ds_v5',
      highAvailability: 'ZoneRedundant',
      auth: 'entra',
    },
    workspace: { id: '/logs', customerId: '33333333-3333-4333-8333-333333333333' },
    identities: { app: identity, migrate: identity, ops: identity },
  }
  const called: InfraCalled[] = []
  const control = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      const [stackKind = '', action = '', ...rest] = JSON.parse(text) as string[]
      const pairs = rest
        .filter((word) => word.includes('='))
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
      const call = { stackKind, action, config: Object.fromEntries(pairs) as Record<string, string> }
      called.push(call)
      const done = await stage.onInfra(call).then(
        (outputs) => ({ code: 0, lines: [{ event: 'done', changes: { update: 2 }, outputs }] as object[] }),
        (error: Error) => ({ code: 1, lines: [{ event: 'failed', message: error.message }] as object[] }),
      )
      response.end(JSON.stringify(done))
    })()
  })
  control.listen(0, '127.0.0.1')
  await once(control, 'listening')
  const childEnv = {
    ...process.env,
    ...arm.env,
    INSTANDT_INFRA_COMMAND: `${process.execPath} ${path.join(folder, 'infra.mjs')}`,
    CONTROL_URL: `http://127.0.0.1:${(control.address() as AddressInfo).port}/`,
  }
  const main = path.join(import.meta.dirname, 'main.ts')
  const start = (args: string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [main, ...args], { env: { ...childEnv, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const stage: Stage = {
    arm,
    deployment,
    called,
    onInfra: () => Promise.resolve({ deployment }),
    async run(args, env) {
      const child = start(args, env)
      let [out, err] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, out, err }
    },
    spawn: start,
    async stop() {
      control.closeAllConnections()
      control.close()
      await arm.stop()
      rmSync(folder, { recursive: true })
    },
  }
  return stage
}
