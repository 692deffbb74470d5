// For tests: the used part of Azure Resource Manager on the loopback, with its long-running operations as they are:
// 202 or 201 with an address to ask again at, Retry-After, error envelopes, pages, refusals and broken lines.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeSelfSigned, startIdentityEndpoint } from '@instandt/testkit'

export interface ArmContainer {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string; secretRef?: string }[]
  resources?: object
  probes?: { type: string }[]
}
export interface ArmExecution {
  name: string
  status: string
  startTime: string
  template: { containers: ArmContainer[] }
}
interface ArmApp {
  template: { revisionSuffix: string; containers: ArmContainer[] }
  revisions: { name: string; runningState: string; healthState: string }[]
  ready: string | undefined
}
interface Fault {
  match: RegExp
  kind: 'lost' | 'lost-after' | 'busy' | 'throttled' | 'quota'
  times: number
}
interface Connection {
  name: string
  status: string
  description: string
}

export interface ArmServer {
  url: string
  env: Record<string, string>
  group: string
  /** As `METHOD path` in the order they came. */
  requests: string[]
  faults: Fault[]
  jobs: Map<string, { containers: ArmContainer[]; executions: ArmExecution[] }>
  apps: Map<string, ArmApp>
  connections: Connection[]
  secrets: Map<string, { value?: string; exp: number | undefined }>
  /** Anything else, by its path. */
  resources: Map<string, object>
  logLines: string[]
  /** What a job does; resolves with whether it succeeded. */
  onJob: (job: string, execution: ArmExecution) => Promise<boolean>
  stop(): Promise<void>
}

const subscription = '11111111-1111-4111-8111-111111111111'
const clientId = '6f1c1b0e-0000-4000-8000-0000000000a5'

export async function startArm(caFile: (pem: string) => string): Promise<ArmServer> {
  const { certificate, key } = makeSelfSigned()
  const group = `/subscriptions/${subscription}/resourceGroups/rg-test`
  const operations = new Map<string, { polls: number; result: object }>()
  let token = ''
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, 500, { error: { code: 'InternalServerError', message: String(error) } })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const identity = await startIdentityEndpoint(clientId, url)
  token = identity.token

  const arm: ArmServer = {
    url,
    group,
    env: {
      ...identity.env,
      ARM_ENDPOINT: url,
      LOG_ANALYTICS_ENDPOINT: url,
      NODE_EXTRA_CA_CERTS: caFile(certificate),
      AZURE_CLIENT_ID: clientId,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
      INSTANDT_POLL_SECONDS: '0.05',
    },
    requests: [],
    faults: [],
    jobs: new Map(),
    apps: new Map(),
    connections: [],
    secrets: new Map(),
    resources: new Map(),
    logLines: [],
    onJob: () => Promise.resolve(true),
    async stop() {
      server.closeAllConnections()
      server.close()
      await identity.stop()
    },
  }

  function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const refuse = (response: ServerResponse, status: number, code: string, message: string, headers = {}): void =>
    send(response, status, { error: { code, message } }, headers)

  /** An operation that is asked after twice before it is done. */
  function later(result: object): string {
    const id = randomBytes(6).toString('hex')
    operations.set(id, { polls: 2, result })
    return `${url}/subscriptions/${subscription}/providers/Microsoft.App/locations/westeurope/operationStatuses/${id}?api-version=2025-01-01`
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const line = `${request.method ?? ''} ${pathname}`
    arm.requests.push(line)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const body = (text === '' ? { page: searchParams.get('page') ?? 0 } : JSON.parse(text)) as Record<string, unknown>
    if (request.headers.authorization !== `Bearer ${token}`)
      return refuse(response, 401, 'InvalidAuthenticationToken', 'no token')
    if (!pathname.startsWith('/v1/') && !searchParams.has('api-version'))
      return refuse(response, 400, 'MissingApiVersionParameter', 'The api-version query parameter is required.')
    const fault = arm.faults.find((one) => one.times > 0 && one.match.test(line))
    if (fault) {
      fault.times -= 1
      if (fault.kind === 'lost') return void request.socket.destroy()
      if (fault.kind === 'busy')
        return refuse(
          response,
          409,
          'ContainerAppOperationInProgress',
          'Cannot modify: another operation is in progress.',
        )
      if (fault.kind === 'throttled')
        return refuse(response, 429, 'TooManyRequests', 'Slow down.', { 'retry-after': '1' })
      if (fault.kind === 'quota')
        return refuse(
          response,
          400,
          'MaxNumberOfRegionalEnvironmentsInSubExceeded',
          'QuotaExceeded: no cores left in westeurope.',
        )
    }
    await route(
      line,
      pathname,
      body,
      response,
      fault?.kind === 'lost-after' ? () => request.socket.destroy() : undefined,
    )
  }

  async function route(
    line: string,
    pathname: string,
    body: Record<string, unknown>,
    response: ServerResponse,
    lose?: () => void,
  ): Promise<void> {
    if (line.startsWith('POST /v1/')) {
      return send(response, 200, { tables: [{ name: 'PrimaryResult', rows: arm.logLines.map((one) => [one]) }] })
    }
    const operation = /operationStatuses\/(\w+)$/.exec(pathname)?.[1]
    if (operation !== undefined) {
      const state = operations.get(operation)
      if (!state) return refuse(response, 404, 'NotFound', 'no such operation')
      state.polls -= 1
      if (state.polls > 0)
        return send(
          response,
          202,
          { status: 'InProgress' },
          { 'retry-after': '0', location: `${url}${pathname}?api-version=2025-01-01` },
        )
      return send(response, 200, { status: 'Succeeded', ...state.result })
    }
    const [, jobName = '', rest = ''] = /\/providers\/Microsoft\.App\/jobs\/([\w-]+)(\/.*)?$/.exec(pathname) ?? []
    const job = arm.jobs.get(jobName)
    if (job) return answerJob(line, jobName, job, rest, body, response, lose)
    const [, appName = '', more = ''] =
      /\/providers\/Microsoft\.App\/containerApps\/([\w-]+)(\/.*)?$/.exec(pathname) ?? []
    if (appName !== '') return answerApp(appName, more, response)
    const [, connection] = /\/privateEndpointConnections(?:\/([\w.-]+))?$/.exec(pathname) ?? [undefined, undefined]
    if (pathname.includes('/privateEndpointConnections')) return answerConnection(line, connection, body, response)
    const secret = /\/vaults\/[\w-]+\/secrets(?:\/([\w-]+))?$/.exec(pathname)
    if (secret) return answerSecret(line, secret[1], body, response)
    const found = arm.resources.get(line) ?? (line.startsWith('GET ') ? arm.resources.get(pathname) : undefined)
    return found ? send(response, 200, found) : refuse(response, 404, 'ResourceNotFound', `${pathname} was not found.`)
  }

  function answerJob(
    line: string,
    name: string,
    job: { containers: ArmContainer[]; executions: ArmExecution[] },
    rest: string,
    body: Record<string, unknown>,
    response: ServerResponse,
    lose?: () => void,
  ): void {
    if (rest === '')
      return send(response, 200, {
        id: `${group}/jobs/${name}`,
        name,
        location: 'westeurope',
        properties: { template: { containers: job.containers } },
      })
    const show = (one: ArmExecution): object => ({
      name: one.name,
      properties: { status: one.status, startTime: one.startTime, template: one.template },
    })
    if (line.startsWith('POST ') && rest === '/start') {
      const template = (body['containers'] ? body : { containers: job.containers }) as { containers: ArmContainer[] }
      const execution: ArmExecution = {
        name: `${name}-${randomBytes(3).toString('hex')}`,
        status: 'Running',
        startTime: new Date().toISOString(),
        template,
      }
      job.executions.unshift(execution)
      void arm.onJob(name, execution).then(
        (isDone) => (execution.status = isDone ? 'Succeeded' : 'Failed'),
        () => (execution.status = 'Failed'),
      )
      if (lose) return lose()
      return send(
        response,
        202,
        {},
        {
          location: later({ name: execution.name, id: `${group}/jobs/${name}/executions/${execution.name}` }),
          'retry-after': '0',
        },
      )
    }
    if (rest === '/executions') {
      return send(response, 200, { value: job.executions.map(show) })
    }
    const execution = job.executions.find((one) => rest === `/executions/${one.name}`)
    return execution ? send(response, 200, show(execution)) : refuse(response, 404, 'NotFound', 'no such execution')
  }

  function answerApp(name: string, more: string, response: ServerResponse): void {
    const app = arm.apps.get(name)
    if (!app)
      return refuse(
        response,
        404,
        'ResourceNotFound',
        `The Resource 'Microsoft.App/containerApps/${name}' was not found.`,
      )
    const latest = app.revisions.at(-1)
    const show = (one: ArmApp['revisions'][number]): object => ({
      name: one.name,
      properties: { ...one, replicas: 2, provisioningState: 'Provisioned' },
    })
    if (more === '/revisions') return send(response, 200, { value: app.revisions.map(show) })
    const revision = app.revisions.find((one) => more === `/revisions/${one.name}`)
    if (revision) return send(response, 200, show(revision))
    return send(response, 200, {
      name,
      location: 'westeurope',
      properties: { latestRevisionName: latest?.name, latestReadyRevisionName: app.ready, template: app.template },
    })
  }

  function answerConnection(
    line: string,
    name: string | undefined,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    const show = (one: Connection): object => ({
      name: one.name,
      properties: { privateLinkServiceConnectionState: { status: one.status, description: one.description } },
    })
    // One on each page: whoever reads only the first one misses the rest.
    if (name === undefined) {
      const page = Number(body['page'] ?? 0)
      const next = `${url}${line.split(' ')[1] ?? ''}?api-version=2025-01-01&page=${page + 1}`
      const isLast = page + 1 >= arm.connections.length
      return send(response, 200, {
        value: arm.connections.slice(page, page + 1).map(show),
        ...(isLast ? {} : { nextLink: next }),
      })
    }
    const found = arm.connections.find((one) => one.name === name)
    if (!found) return refuse(response, 404, 'NotFound', 'no such connection')
    if (line.startsWith('PUT ')) {
      const state = (body['properties'] as { privateLinkServiceConnectionState: { status: string } })
        .privateLinkServiceConnectionState
      found.status = state.status
      return send(response, 201, show(found), { 'azure-asyncoperation': later({}), 'retry-after': '0' })
    }
    return send(response, 200, show(found))
  }

  function answerSecret(
    line: string,
    name: string | undefined,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): void {
    const show = (key: string): object => ({
      name: key,
      properties: { attributes: { enabled: true, exp: arm.secrets.get(key)?.exp } },
    })
    if (name === undefined) return send(response, 200, { value: [...arm.secrets.keys()].map(show) })
    if (line.startsWith('PUT ')) {
      const { value, attributes } = body['properties'] as { value: string; attributes?: { exp?: number } }
      arm.secrets.set(name, { value, exp: attributes?.exp })
    }
    return arm.secrets.has(name)
      ? send(response, 200, show(name))
      : refuse(response, 404, 'SecretNotFound', 'no such secret')
  }
  return arm
}
