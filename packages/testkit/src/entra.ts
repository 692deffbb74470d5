// A real OpenID provider on the loopback, in the shape of Entra ID v2.0: issuer with the tenant in its path, tid, oid and
// roles in its tokens, a client that proves itself by the token of a managed identity, keys that roll over.
import { randomBytes, randomUUID, type webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'

export interface EntraAccount {
  oid: string
  name: string
  email: string
  roles: string[]
  groups?: string[]
}

export interface TestEntra {
  /** For ENTRA_AUTHORITY, ENTRA_TENANT_ID, ENTRA_CLIENT_ID. */
  settings: { ENTRA_AUTHORITY: string; ENTRA_TENANT_ID: string; ENTRA_CLIENT_ID: string }
  /** Managed identity endpoint of the platform, for the backend's environment. */
  identityEnv: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string }
  managedIdentityId: string
  /** By the name typed at sign-in; change or delete entries as an administrator of the directory would. */
  accounts: Map<string, EntraAccount>
  /** Client assertions that were taken, and why others were not. */
  assertions: { taken: number; refused: string[] }
  /** The federated credential: whose assertion is taken. */
  federated: { subject: string }
  /** New signing keys; the old ones are gone. */
  rollKeys(): Promise<void>
  /** Answers 503 to everything while true. */
  setDown(isDown: boolean): void
  /** A token by the provider's keys, or by others; claims fill up or replace what a good one has. */
  sign(
    kind: 'id' | 'access',
    claims?: JWTPayload,
    options?: { isForged?: boolean; expiresIn?: string },
  ): Promise<string>
  issuer: string
  stop(): Promise<void>
}

const exchangeAudience = 'api://AzureADTokenExchange'
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** @param redirectUri where the application takes people back, and where they end up after signing out */
export async function startEntra(redirectUris: () => { signedIn: string; signedOut: string }): Promise<TestEntra> {
  const tenantId = randomUUID()
  const clientId = randomUUID()
  const managedIdentityId = randomUUID()
  const principalId = randomUUID()
  const identityHeader = randomBytes(16).toString('hex')
  const innerSecret = randomBytes(32).toString('hex')
  const accounts = new Map<string, EntraAccount>()
  const assertions: TestEntra['assertions'] = { taken: 0, refused: [] }
  const identityKeys = await generateKeyPair('RS256')
  const strangerKeys = await generateKeyPair('RS256')
  let signing = await makeKeys()
  let isDown = false
  // Made at the first request: only then does the application know its own address.
  let handle: ((request: IncomingMessage, response: ServerResponse) => void) | undefined

  const server = createServer((request, response) => {
    if (isDown) response.writeHead(503).end()
    else if (request.url?.startsWith('/msi/')) void giveAssertion(request, response)
    else (handle ??= makeHandler())(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const prefix = `/${tenantId}/v2.0`
  const issuer = authority + prefix
  const assertionClaims: JWTPayload = { iss: issuer, sub: principalId, aud: exchangeAudience }
  const federated = { subject: principalId as string }

  /** The platform's endpoint: a token of the managed identity for the exchange, and for nothing else. */
  async function giveAssertion(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? '/', authority)
    const isAllowed =
      request.headers['x-identity-header'] === identityHeader &&
      searchParams.get('client_id') === managedIdentityId &&
      searchParams.get('resource') === exchangeAudience
    if (!isAllowed) {
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}')
      return
    }
    const token = await new SignJWT(assertionClaims)
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(identityKeys.privateKey)
    const expires = Math.floor(Date.now() / 1000) + 3600
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: token, expires_on: String(expires), token_type: 'Bearer' }))
  }

  /** Federated credential: issuer, subject and audience must be the ones agreed on. Undefined when they are. */
  async function faultOfAssertion(body: URLSearchParams): Promise<string | undefined> {
    if (body.get('client_assertion_type') !== assertionType) return 'no assertion'
    if (body.has('client_secret')) return 'a secret beside the assertion'
    try {
      await jwtVerify(body.get('client_assertion') ?? '', identityKeys.publicKey, {
        issuer,
        subject: federated.subject,
        audience: exchangeAudience,
      })
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  function makeHandler(): (request: IncomingMessage, response: ServerResponse) => void {
    const { signedIn, signedOut } = redirectUris()
    const claimsOf = (account: EntraAccount): Record<string, unknown> => ({
      oid: account.oid,
      tid: tenantId,
      ver: '2.0',
      name: account.name,
      email: account.email,
      preferred_username: account.email,
      roles: account.roles,
      groups: account.groups ?? [],
    })
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: innerSecret,
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: [signedIn],
          post_logout_redirect_uris: [signedOut],
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
        },
      ],
      jwks: { keys: [signing.jwk] },
      cookies: { keys: [innerSecret] },
      routes: {
        authorization: '/oauth2/v2.0/authorize',
        token: '/oauth2/v2.0/token',
        jwks: '/discovery/v2.0/keys',
        end_session: '/oauth2/v2.0/logout',
      },
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      claims: { openid: ['sub', 'oid', 'tid', 'ver', 'name', 'email', 'preferred_username', 'roles', 'groups'] },
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: false } },
      issueRefreshToken: () => true,
      interactions: { url: (_context, interaction) => `${prefix}/login/${interaction.uid}` },
      async loadExistingGrant(context) {
        const { client, session } = context.oidc
        const grant = new context.oidc.provider.Grant({ clientId, accountId: session?.accountId ?? '' })
        grant.addOIDCScope('openid profile email offline_access')
        await grant.save()
        return client ? grant : undefined
      },
      findAccount: (_context, id) => {
        const account = [...accounts.values()].find((one) => one.oid === id)
        return account && { accountId: id, claims: () => ({ sub: id, ...claimsOf(account) }) }
      },
      ttl: { Interaction: 600, Session: 3600, Grant: 3600, AccessToken: 600, IdToken: 600, RefreshToken: 3600 },
    })
    provider.use(async (context, next) => {
      if (context.method === 'POST' && context.path === '/oauth2/v2.0/token') {
        const body = new URLSearchParams(await textOf(context.req))
        const fault = await faultOfAssertion(body)
        if (fault === undefined) {
          assertions.taken += 1
          body.delete('client_assertion')
          body.delete('client_assertion_type')
          body.set('client_secret', innerSecret)
        } else assertions.refused.push(fault)
        Object.assign(context.req, { body: Object.fromEntries(body) })
      }
      await next()
    })
    const answer = provider.callback()
    return (request, response) => {
      const url = request.url ?? '/'
      if (url.startsWith(`${prefix}/login/`)) void login(provider, request, response)
      else if (url.startsWith(prefix)) {
        Object.assign(request, { originalUrl: url })
        request.url = url.slice(prefix.length)
        void answer(request, response)
      } else response.writeHead(404).end()
    }
  }

  async function login(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(
        '<!doctype html><title>Directory</title><form method="post"><label>Account <input name="account"></label><button>Next</button><button name="cancel" value="1">Cancel</button></form>',
      )
      return
    }
    const body = new URLSearchParams(await textOf(request))
    const account = accounts.get(body.get('account') ?? '')
    const result =
      body.has('cancel') || !account
        ? { error: 'access_denied', error_description: 'ended by the person' }
        : { login: { accountId: account.oid } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  return {
    settings: { ENTRA_AUTHORITY: authority, ENTRA_TENANT_ID: tenantId, ENTRA_CLIENT_ID: clientId },
    identityEnv: { IDENTITY_ENDPOINT: `${authority}/msi/token`, IDENTITY_HEADER: identityHeader },
    managedIdentityId,
    accounts,
    assertions,
    federated,
    issuer,
    async rollKeys() {
      signing = await makeKeys()
      handle = undefined
    },
    setDown(value) {
      isDown = value
    },
    sign(kind, claims = {}, { isForged = false, expiresIn = '10m' } = {}) {
      const oid = typeof claims['oid'] === 'string' ? claims['oid'] : randomUUID()
      const good: JWTPayload = {
        iss: issuer,
        aud: clientId,
        tid: tenantId,
        oid,
        sub: oid,
        ver: '2.0',
        ...(kind === 'access' ? { azp: randomUUID(), azpacr: '2' } : { nonce: 'x' }),
      }
      return new SignJWT({ ...good, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: signing.jwk.kid ?? '' })
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(isForged ? strangerKeys.privateKey : signing.privateKey)
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function makeKeys(): Promise<{ jwk: JWK; privateKey: webcrypto.CryptoKey }> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid: randomUUID(), use: 'sig', alg: 'RS256' } }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}
