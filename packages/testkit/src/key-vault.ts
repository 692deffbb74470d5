// Key Vault's REST protocol for secrets on the loopback: TLS, challenge, versions; and the managed identity that opens it.
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeSelfSigned } from './self-signed.ts'

export interface TestKeyVault {
  url: string
  /** PEM to trust. */
  certificate: string
  /** The platform's identity endpoint, for the environment of whoever opens the vault. */
  identityEnv: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }
  clientId: string
  /** Versions by name, newest last. */
  secrets: Map<string, { version: string; value: string; exp?: number | undefined }[]>
  /** Status that every request gets until it is set back to 0. */
  failWith(status: number): void
  requests: { challenged: number; answered: number }
  stop(): Promise<void>
}

const resource = 'https://vault.azure.net'

export async function startKeyVault(): Promise<TestKeyVault> {
  const { certificate, key } = makeSelfSigned()
  const identityHeader = randomBytes(16).toString('hex')
  const token = `test.${randomBytes(24).toString('base64url')}`
  const clientId = randomUUID()
  const secrets: TestKeyVault['secrets'] = new Map()
  const requests = { challenged: 0, answered: 0 }
  let failure = 0

  const identity = createHttpServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://identity')
    const isAllowed =
      request.headers['x-identity-header'] === identityHeader &&
      searchParams.get('client_id') === clientId &&
      searchParams.get('resource') === resource
    const expires = String(Math.floor(Date.now() / 1000) + 3600)
    if (isAllowed) send(response, 200, { access_token: token, expires_on: expires, resource, token_type: 'Bearer' })
    else send(response, 400, { error: 'invalid_request' })
  })
  const vault = createServer({ cert: certificate, key }, (request, response) => void answer(request, response))
  await Promise.all(
    [identity, vault].map((server) => {
      server.listen(0, '127.0.0.1')
      return once(server, 'listening')
    }),
  )
  const url = `https://127.0.0.1:${(vault.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    if (failure !== 0) return send(response, failure, { error: { code: 'Failing', message: 'on demand' } })
    if (request.headers.authorization !== `Bearer ${token}`) {
      requests.challenged += 1
      const challenge = `Bearer authorization="https://login.microsoftonline.com/${randomUUID()}", resource="${resource}"`
      return send(response, 401, { error: { code: 'Unauthorized' } }, { 'www-authenticate': challenge })
    }
    requests.answered += 1
    const { pathname, searchParams } = new URL(request.url ?? '/', url)
    const [, name = '', wanted = ''] = /^\/secrets\/([\w-]+)(?:\/([\w-]*))?$/.exec(pathname) ?? []
    if (name === '' || !searchParams.has('api-version')) return send(response, 400, { error: { code: 'BadParameter' } })
    const versions = secrets.get(name) ?? []
    if (request.method === 'PUT') {
      const { value, attributes } = JSON.parse(body) as { value: string; attributes?: { exp?: number } }
      const added = { version: randomUUID().replaceAll('-', ''), value, exp: attributes?.exp }
      secrets.set(name, [...versions, added])
      return send(response, 200, describe(name, added))
    }
    if (wanted === 'versions')
      return send(response, 200, { value: versions.map((one) => ({ id: describe(name, one).id })), nextLink: null })
    const found = wanted === '' ? versions.at(-1) : versions.find((one) => one.version === wanted)
    if (!found) return send(response, 404, { error: { code: 'SecretNotFound', message: `${name} was not found` } })
    return send(response, 200, describe(name, found))
  }

  const describe = (name: string, { version, value }: { version: string; value: string }) => ({
    value,
    id: `${url}/secrets/${name}/${version}`,
    attributes: { enabled: true, created: 0, updated: 0, recoveryLevel: 'Recoverable+Purgeable' },
  })

  return {
    url,
    certificate,
    identityEnv: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(identity.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: identityHeader,
    },
    clientId,
    secrets,
    failWith(status) {
      failure = status
    },
    requests,
    async stop() {
      const closed = [identity, vault].map((server) => once(server, 'close'))
      for (const server of [identity, vault]) {
        server.close()
        server.closeAllConnections()
      }
      await Promise.all(closed)
    },
  }
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}
