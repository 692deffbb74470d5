// For tests: the managed-identity endpoint of Container Apps, giving out tokens that Azurite's basic check accepts.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface IdentityEndpoint {
  /** For the process that uses the identity. */
  env: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }
  /** Client ids of the tokens given out. */
  issued: string[]
  /** The one given out. */
  token: string
  stop(): Promise<void>
}

/** Answers as the platform does (api-version 2019-08-01); refuses without its header and for any other client id. */
export async function startIdentityEndpoint(
  clientId: string,
  resource = 'https://storage.azure.com',
): Promise<IdentityEndpoint> {
  const header = randomBytes(16).toString('hex')
  const issued: string[] = []
  const now = Math.floor(Date.now() / 1000)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = {
    aud: resource,
    iss: 'https://sts.windows.net/test/',
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
    appid: clientId,
    oid: clientId,
  }
  const token = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.bm90LXNpZ25lZA`
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://identity')
    const isAllowed = request.headers['x-identity-header'] === header && searchParams.get('client_id') === clientId
    if (!isAllowed || searchParams.get('resource') !== resource) {
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}')
      return
    }
    issued.push(clientId)
    const body = {
      access_token: token,
      expires_on: String(now + 3600),
      resource: claims.aud,
      token_type: 'Bearer',
      client_id: clientId,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    env: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: header },
    issued,
    token,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
