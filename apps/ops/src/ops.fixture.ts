// For tests: an installation as the operations command finds it, and the command, in this process or as one of its own.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import type { ArmServer, ArmTemplate } from './arm-server.fixture.ts'
import { certificate, startArm } from './arm-server.fixture.ts'
import { configSchema } from './config.ts'
import type { Deployment } from './deployment.ts'
import { runOps } from './run-ops.ts'

export interface InfraCalled {
  stackKind: string
  action: string
  config: Record<string, string>
}
export interface Ended {
  code: number | null
  out: string
  err: string
}

export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
export const imageAt = (name: string, letter: string): string =>
  `registry.example.com/instandt/${name}@${digest(letter)}`

const subscriptionId = '11111111-1111-4111-8111-111111111111'
const identity = { id: '/id', clientId: 'c', principalId: 'p', name: 'id-test' }

const container = (name: string) => ({
  name,
  image: imageAt('backend', '0'),
  command: ['node', `apps/${name}`],
  env: [
    { name: 'AZURE_CLIENT_ID', value: 'c' },
    { name: 'DATABASE_URL', value: 'postgres://id-ops@psql-test.postgres.database.azure.com:5432/instandt' },
  ],
  resources: { cpu: 0.5, memory: '1Gi' },
})

const makeDeployment = (group: string, publicUrl: string): Deployment => ({
  workload: 'instandt',
  environment: 'test',
  location: 'westeurope',
  subscriptionId,
  tenantId: '22222222-2222-4222-8222-222222222222',
  resourceGroup: 'rg-test',
  managedEnvironment: {
    name: 'cae-test',
    id: `${group}/providers/Microsoft.App/managedEnvironments/cae-test`,
    defaultDomain: 'sea.example.com',
    staticIp: '10.0.0.4',
  },
  apps: { frontend: 'ca-frontend', backend: 'ca-backend' },
  jobs: { migrate: 'caj-migrate', ops: 'caj-ops' },
  registry: {
    server: 'registry.example.com',
    user: 'puller',
    tokenSecret: 'gitlab-registry-token',
    userSecret: 'gitlab-registry-user',
  },
  frontDoor: {
    profile: 'afd-test',
    endpoint: 'fde-test',
    endpointHost: 'fde-test.azurefd.net',
    wafPolicy: 'fdfptest',
    customDomain: 'ndt.example.com',
    customDomainName: 'ndt-example-com',
    id: 'guid',
  },
  link: { mode: 'managedEnvironment', message: 'instandt test 1a2b3', privateLinkService: null },
  dns: {
    zone: null,
    nameServers: [],
    records: [{ name: 'ndt.example.com', type: 'CNAME', value: 'fde-test.azurefd.net' }],
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
})

/** In place of infra: a program that asks us, and says so when it is to end. */
const infraStub = `
const say = (line) => console.log(JSON.stringify(line))
process.on('SIGINT', () => { say({ event: 'failed', message: 'interrupted in order' }); process.exit(1) })
const response = await fetch(process.env.CONTROL_URL, { method: 'POST', body: JSON.stringify(process.argv.slice(2)) })
const { code, lines } = await response.json()
console.log('{ this is no line of ours')
for (const line of lines) say(line)
process.exitCode = code
`

/** What infra's release program makes of its settings: same content, same name. */
function templatesOf(config: Record<string, string>): Record<'backend' | 'frontend', ArmTemplate> {
  const make = (name: string, image: string, ready: string): ArmTemplate => {
    const probe = (type: string, at: string) => ({ type, httpGet: { path: at, port: 8080 } })
    const containers = [
      {
        name,
        image,
        env: [{ name: 'INSTANDT_VERSION', value: config['version'] ?? '' }],
        probes: [probe('Readiness', ready), probe('Liveness', '/health/live')],
      },
    ]
    const hash = createHash('sha256').update(JSON.stringify(containers)).digest('hex').slice(0, 5)
    const attempt = config['attempt'] ?? ''
    return { revisionSuffix: `r${image.slice(-6)}${hash}${attempt === '' ? '' : `-${attempt}`}`, containers }
  }
  return {
    backend: make('server', config['backendImage'] ?? '', '/health/ready'),
    frontend: make('frontend', config['frontendImage'] ?? '', '/health/live'),
  }
}

export async function startStage(publicUrl = 'https://ndt.invalid') {
  const folder = mkdtempSync(path.join(tmpdir(), 'instandt-ops-'))
  const arm: ArmServer = await startArm()
  const caFile = path.join(folder, 'ca.pem')
  writeFileSync(caFile, certificate)
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate])
  writeFileSync(path.join(folder, 'infra.mjs'), infraStub)
  for (const job of ['migrate', 'ops'])
    arm.platform.jobs.set(`caj-${job}`, { containers: [container(job)], executions: [] })
  const deployment = makeDeployment(arm.group, publicUrl)
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
        (outputs) => ({ code: 0, lines: [{ event: 'done', changes: stage.changes, outputs }] as object[] }),
        (error: Error & { isLocked?: boolean }) => ({
          code: 1,
          lines: [{ event: 'failed', message: error.message, isLocked: error.isLocked === true }] as object[],
        }),
      )
      response.end(JSON.stringify(done))
    })()
  })
  control.listen(0, '127.0.0.1')
  await once(control, 'listening')

  const settings = {
    ARM_ENDPOINT: arm.url,
    LOG_ANALYTICS_ENDPOINT: arm.url,
    INSTANDT_POLL_SECONDS: '0.05',
    INSTANDT_READY_SECONDS: '5',
    INSTANDT_SMOKE_SECONDS: '5',
    INSTANDT_INFRA_COMMAND: `${process.execPath} ${path.join(folder, 'infra.mjs')}`,
  }
  const ambient = { ...arm.env, CONTROL_URL: `http://127.0.0.1:${(control.address() as AddressInfo).port}/` }
  const stage = {
    arm,
    deployment,
    /** What infra was asked to do. */
    called,
    /** What infra counts. */
    changes: { update: 2 } as Record<string, number>,
    /** What infra does and gives out; throws where the engine fails. */
    onInfra: (call: InfraCalled): Promise<Record<string, unknown>> => Promise.resolve(stage.applied(call)),
    /** As the engine would: a release's templates at the platform, the platform's output. */
    applied(call: InfraCalled): Record<string, unknown> {
      if (call.stackKind === 'release' && call.action === 'up')
        for (const [part, template] of Object.entries(templatesOf(call.config)))
          arm.platform.apply(`ca-${part}`, template)
      return { deployment }
    },
    /** The command in this process, which is quick; its settings are given, never taken from here. */
    async run(args: string[], given: Record<string, string> = {}): Promise<Ended> {
      const before = Object.keys(ambient).map((name) => [name, process.env[name]] as const)
      Object.assign(process.env, ambient)
      let [out, err] = ['', '']
      try {
        const code = await runOps(args, configSchema.parse({ ...settings, ...given }), {
          print: (text) => (out += text),
          say: (line) => (err += `${line}\n`),
        })
        return { code, out, err }
      } finally {
        for (const [name, value] of before)
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
      }
    },
    /** The command as people start it, to be interrupted. */
    spawn(args: string[], given: Record<string, string> = {}) {
      const main = path.resolve(import.meta.dirname, '../../standalone/src/cli.ts')
      return spawn(process.execPath, [main, ...args], {
        env: { ...process.env, ...ambient, ...settings, NODE_EXTRA_CA_CERTS: caFile, ...given },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    },
    /** The same, killed as soon as something has come to pass. */
    async interrupt(args: string[], isReached: () => boolean): Promise<void> {
      const child = stage.spawn(args)
      while (!isReached()) await sleep(20)
      child.kill('SIGKILL')
      // Not its streams' end: what it has started may hold them.
      await once(child, 'exit')
    },
    /** Starts again and calls back once it looks at the run of a job that goes on. */
    async takeUp(args: string[], onLook: () => void): Promise<Ended> {
      const before = arm.requests.length
      const running = stage.run(args)
      while (!arm.requests.slice(before).some((line) => /^GET .*\/executions\/caj-/.test(line))) await sleep(20)
      onLook()
      return running
    },
    async runProcess(args: string[], given: Record<string, string> = {}): Promise<Ended> {
      const child = stage.spawn(args, given)
      let [out, err] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, out, err }
    },
    /** A version that serves already. */
    serve(version: string, letter: string): void {
      const config = { version, backendImage: imageAt('backend', letter), frontendImage: imageAt('frontend', letter) }
      stage.applied({ stackKind: 'release', action: 'up', config })
    },
    /** As on the first day. */
    reset(): void {
      const { platform, operations } = arm
      for (const list of [arm.requests, arm.faults, arm.connections, arm.logLines, called]) list.length = 0
      for (const map of [platform.apps, arm.secrets, arm.resources]) map.clear()
      for (const job of platform.jobs.values()) job.executions.length = 0
      Object.assign(operations, { retryAfter: '0', polls: 2, nextFailure: undefined })
      arm.foreign = undefined
      stage.changes = { update: 2 }
      platform.onJob = () => Promise.resolve(true)
      platform.onRevision = () => Promise.resolve(true)
      stage.onInfra = (call) => Promise.resolve(stage.applied(call))
    },
    async stop() {
      control.closeAllConnections()
      control.close()
      await arm.stop()
      rmSync(folder, { recursive: true })
    },
  }
  return stage
}

export type Stage = Awaited<ReturnType<typeof startStage>>
