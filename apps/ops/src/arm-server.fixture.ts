// For tests: the used part of Azure Resource Manager on the loopback, with its long-running operations, error envelopes, pages,
// refusals and broken lines.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeSelfSigned, startIdentityEndpoint } from '@instandt/testkit'
import { createApps } from './arm-apps.fixture.ts'
import { createOperations, refuse, send } from './arm-operations.fixture.ts'

export type { ArmExecution, ArmRevision, ArmTemplate } from './arm-apps.fixture.ts'

interface Fault {
  match: RegExp
  kind: 'lost' | 'lost-after' | 'busy' | 'throttled' | 'quota' | 'unavailable'
  times: number
}
interface Connection {
  name: string
  status: string
  description: string
}

const subscription = '11111111-1111-4111-8111-111111111111'
const clientId = '6f1c1b0e-0000-4000-8000-0000000000a5'

/** One for all servers of a process, so that it need be trusted once. */
export const { certificate, key } = makeSelfSigned({ days: 90 })

export async function startArm() {
  const group = `/subscriptions/${subscription}/resourceGroups/rg-test`
  let url = ''
  let token = ''
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, { code: 'InternalServerError', message: String(error) })
    })
  })
  const operations = createOperations(() => url, subscription)
  const platform = createApps(group, operations)
  const arm = {
    /** Lists whose next page is said to lie elsewhere. */
    foreign: undefined as { match: RegExp; nextLink: string } | undefined,
  }
  const requests: string[] = []
  const faults: Fault[] = []
  const connections: Connection[] = []
  const secrets = new Map<string, { value?: string; exp: number | undefined; enabled?: boolean }>()
  const resources = new Map<string, object>()
  const logLines: string[] = []
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const identity = await startIdentityEndpoint(clientId, url)
  token = identity.token

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams, search } = new URL(request.url ?? '/', url)
    const line = `${request.method ?? ''} ${pathname}`
    requests.push(line)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    if (request.headers.authorization !== `Bearer ${token}`)
      return refuse(response, 401, { code: 'InvalidAuthenticationToken', message: 'no token' })
    if (!pathname.startsWith('/v1/') && !searchParams.has('api-version'))
      return refuse(response, 400, {
        code: 'MissingApiVersionParameter',
        message: 'The api-version query parameter is required.',
      })
    const fault = faults.find((one) => one.times > 0 && one.match.test(line))
    const lose = (): void => void request.socket.destroy()
    if (fault) {
      fault.times -= 1
      if (fault.kind === 'lost') return lose()
      if (fault.kind !== 'lost-after') return answerFault(fault.kind, response)
    }
    // Not what is done is lost, but that anybody hears of it.
    const target = fault ? ({ writeHead: () => ({ end: lose }) } as unknown as ServerResponse) : response
    const { foreign } = arm
    if (foreign?.match.test(pathname) === true) return send(target, 200, { value: [], nextLink: foreign.nextLink })
    if (operations.answer(pathname, target)) return
    if (platform.answer(line, pathname, body, target)) return
    if (line.startsWith('POST /v1/')) {
      const rows = logLines.map((one, index) => [new Date(Date.UTC(2026, 10, 26, 0, 0, index)).toISOString(), one])
      const columns = [
        { name: 'TimeGenerated', type: 'datetime' },
        { name: 'Log', type: 'string' },
      ]
      return send(response, 200, { tables: [{ name: 'PrimaryResult', columns, rows }] })
    }
    if (answerConnection(line, pathname, searchParams, body, target)) return
    if (answerSecret(line, pathname, body, target)) return
    const found =
      resources.get(`${line}${decodeURIComponent(search)}`) ??
      resources.get(line) ??
      (line.startsWith('GET ') ? resources.get(pathname) : undefined)
    return found
      ? send(target, 200, found)
      : refuse(target, 404, { code: 'ResourceNotFound', message: `${pathname} was not found.` })
  }

  function answerFault(kind: 'busy' | 'throttled' | 'quota' | 'unavailable', response: ServerResponse): void {
    const { busy, throttled, quota, unavailable } = {
      busy: { code: 'ContainerAppOperationInProgress', message: 'Cannot modify: another operation is in progress.' },
      throttled: { code: 'TooManyRequests', message: 'Slow down.' },
      quota: {
        code: 'MaxNumberOfRegionalEnvironmentsInSubExceeded',
        message: 'QuotaExceeded: no cores left in westeurope.',
      },
      unavailable: { code: 'ServiceUnavailable', message: 'Come back.' },
    }
    if (kind === 'busy') return refuse(response, 409, busy)
    if (kind === 'throttled') return refuse(response, 429, throttled, { 'retry-after': '1' })
    if (kind === 'quota') return refuse(response, 400, quota)
    // As a date, which is the other way to say it.
    return refuse(response, 503, unavailable, { 'retry-after': new Date(Date.now() + 1000).toUTCString() })
  }

  function answerConnection(
    line: string,
    pathname: string,
    searchParams: URLSearchParams,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): boolean {
    const show = (one: Connection): { name: string; properties: object } => ({
      name: one.name,
      properties: { privateLinkServiceConnectionState: { status: one.status, description: one.description } },
    })
    if (/\/privateLinkServices\/[\w-]+$/.test(pathname)) {
      send(response, 200, { name: 'pl-test', properties: { privateEndpointConnections: connections.map(show) } })
      return true
    }
    const [path, name] = /\/privateEndpointConnections(?:\/([\w.-]+))?$/.exec(pathname) ?? []
    if (path === undefined) return false
    // One on each page: whoever reads only the first one misses the rest.
    if (name === undefined) {
      const page = Number(searchParams.get('page') ?? 0)
      const isLast = page + 1 >= connections.length
      const next = { nextLink: `${url}${pathname}?api-version=2025-07-01&page=${page + 1}` }
      send(response, 200, { value: connections.slice(page, page + 1).map(show), ...(isLast ? {} : next) })
      return true
    }
    const found = connections.find((one) => one.name === name)
    if (!found) refuse(response, 404, { code: 'NotFound', message: 'no such connection' })
    else if (line.startsWith('PUT ')) {
      const { status } = (body['properties'] as { privateLinkServiceConnectionState: { status: string } })
        .privateLinkServiceConnectionState
      const isNetwork = pathname.includes('/privateLinkServices/')
      if (isNetwork) found.status = status
      // Of the two services one does it at once, the other takes its time and shows the resource in between.
      const headers = isNetwork
        ? undefined
        : operations.begin('azure-asyncoperation', () => Object.assign(found, { status }))
      const { properties, ...rest } = show(found)
      send(
        response,
        isNetwork ? 200 : 201,
        { ...rest, properties: { ...properties, provisioningState: isNetwork ? 'Succeeded' : 'Updating' } },
        headers,
      )
    } else send(response, 200, show(found))
    return true
  }

  function answerSecret(
    line: string,
    pathname: string,
    body: Record<string, unknown>,
    response: ServerResponse,
  ): boolean {
    const [path, name] = /\/vaults\/[\w-]+\/secrets(?:\/([\w-]+))?$/.exec(pathname) ?? []
    if (path === undefined) return false
    const show = (one: string): object => ({
      name: one,
      properties: { attributes: { enabled: secrets.get(one)?.enabled ?? true, exp: secrets.get(one)?.exp } },
    })
    if (name === undefined) send(response, 200, { value: [...secrets.keys()].map(show) })
    else {
      if (line.startsWith('PUT ')) {
        const { value, attributes } = body['properties'] as { value: string; attributes?: { exp?: number } }
        secrets.set(name, { value, exp: attributes?.exp })
      }
      if (secrets.has(name)) send(response, 200, show(name))
      else refuse(response, 404, { code: 'SecretNotFound', message: 'no such secret' })
    }
    return true
  }

  return Object.assign(arm, {
    platform,
    operations,
    url,
    group,
    /** What a process needs to reach all this. */
    env: {
      ...identity.env,
      AZURE_CLIENT_ID: clientId,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    } as Record<string, string>,
    /** As `METHOD path` in the order they came. */
    requests,
    faults,
    connections,
    secrets,
    /** Anything else, by its path; with its method before and its query behind where that matters. */
    resources,
    logLines,
    async stop() {
      server.closeAllConnections()
      server.close()
      await identity.stop()
    },
  })
}

export type ArmServer = Awaited<ReturnType<typeof startArm>>
