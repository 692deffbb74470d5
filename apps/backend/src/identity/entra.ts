import { type Role, roles } from '@instandt/api'
import type { ManagedIdentityCredential } from '@azure/identity'
import { createRemoteJWKSet, errors as joseErrors, type JWTPayload, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'

/** A person or program of the directory, known by tenant and object id; name and e-mail are for reading only. */
export interface DirectoryIdentity {
  kind: 'entra' | 'entra-app'
  tenantId: string
  objectId: string
  name: string
  email: string | null
  roles: Role[]
  groups: string[]
}

/** What must be known again when the directory sends the browser back. */
export interface SignInState {
  state: string
  nonce: string
  verifier: string
}

export interface Entra {
  begin(redirectUri: string): Promise<{ url: URL; state: SignInState }>
  /** @throws AppError 'entra-cancelled' or 'entra-failed' (401), 'entra-unavailable' (503) */
  finish(
    callbackUrl: URL,
    state: SignInState,
  ): Promise<{ identity: DirectoryIdentity; refreshToken: string | undefined }>
  /** Asks again who this is; undefined when the directory refuses. @throws AppError 'entra-unavailable' */
  refresh(refreshToken: string): Promise<{ identity: DirectoryIdentity; refreshToken: string | undefined } | undefined>
  /** The caller of an access token for this application; undefined when it is not valid. @throws AppError 'entra-unavailable' */
  verifyAccessToken(token: string): Promise<(DirectoryIdentity & { expiresAt: number }) | undefined>
  /** Ends the directory's session too and comes back. */
  endSessionUrl(returnTo: string): Promise<string | null>
}

const clockToleranceSeconds = 60
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const exchangeScope = 'api://AzureADTokenExchange/.default'

/** Sign-in with Entra ID (v2.0): code flow with PKCE; every token is verified here, and nothing else is asked. */
export function createEntra(config: Config): Entra | undefined {
  const { ENTRA_TENANT_ID: tenantId, ENTRA_CLIENT_ID: clientId, ENTRA_AUTHORITY: authority } = config
  if (tenantId === undefined || clientId === undefined) return undefined
  const issuer = `${authority}/${tenantId}/v2.0`
  let discovered: Promise<oidc.Configuration> | undefined
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined

  const discover = (): Promise<oidc.Configuration> => {
    discovered ??= oidc
      .discovery(new URL(issuer), clientId, undefined, clientAuthentication(config), {
        // config.ts lets only a loopback authority be without TLS.
        execute: issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [],
      })
      .catch((error: unknown) => {
        discovered = undefined
        throw unavailable(error)
      })
    return discovered
  }

  /** Signature by the tenant's keys, issuer, audience, times and tenant. */
  const verify = async (token: string, audience: string[]): Promise<JWTPayload & { oid: string }> => {
    const { jwks_uri: address } = (await discover()).serverMetadata()
    // Keys roll over without notice: an unknown one is asked for at once, at most every few seconds.
    keys ??= createRemoteJWKSet(new URL(address ?? ''), { cooldownDuration: 5000, cacheMaxAge: 3_600_000 })
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ['RS256'],
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp', 'iat', 'oid', 'tid'],
    })
    if (payload['tid'] !== tenantId)
      throw new joseErrors.JWTClaimValidationFailed('unexpected "tid" claim value', payload)
    const { oid } = payload
    if (typeof oid !== 'string' || oid === '') throw new joseErrors.JWTInvalid('the "oid" claim is no text')
    return { ...payload, oid }
  }

  const identityOf = (claims: JWTPayload & { oid: string }, kind: DirectoryIdentity['kind']): DirectoryIdentity => {
    const email = textOf(claims['email']) ?? textOf(claims['preferred_username']) ?? null
    return {
      kind,
      tenantId,
      objectId: claims.oid,
      name: textOf(claims['name']) ?? textOf(claims['app_displayname']) ?? email ?? claims.oid,
      email,
      roles: readRoles(claims['roles']),
      groups: listOf(claims['groups']),
    }
  }

  const identityOfTokens = async (
    tokens: oidc.TokenEndpointResponse,
    nonce?: string,
  ): Promise<{ identity: DirectoryIdentity; refreshToken: string | undefined }> => {
    const claims = await verify(tokens.id_token ?? '', [clientId])
    if (nonce !== undefined && claims['nonce'] !== nonce) throw new joseErrors.JWTInvalid('unexpected "nonce"')
    return { identity: identityOf(claims, 'entra'), refreshToken: tokens.refresh_token }
  }

  return {
    async begin(redirectUri) {
      const state = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() }
      const url = oidc.buildAuthorizationUrl(await discover(), {
        redirect_uri: redirectUri,
        // No scope of Graph: the token itself says all we want to know. offline_access: to ask again later.
        scope: 'openid profile email offline_access',
        state: state.state,
        nonce: state.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(state.verifier),
        code_challenge_method: 'S256',
      })
      return { url, state }
    },

    async finish(callbackUrl, { state, nonce, verifier }) {
      const configuration = await discover()
      try {
        const tokens = await oidc.authorizationCodeGrant(configuration, callbackUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        return await identityOfTokens(tokens, nonce)
      } catch (error) {
        if (error instanceof oidc.AuthorizationResponseError && error.error === 'access_denied')
          throw new AppError('entra-cancelled', 401, 'The sign-in was ended at the directory.', { cause: error })
        if (isUnreachable(error)) throw unavailable(error)
        throw new AppError('entra-failed', 401, 'The directory did not confirm this sign-in.', { cause: error })
      }
    },

    async refresh(refreshToken) {
      const configuration = await discover()
      try {
        return await identityOfTokens(await oidc.refreshTokenGrant(configuration, refreshToken))
      } catch (error) {
        if (isUnreachable(error)) throw unavailable(error)
        return undefined
      }
    },

    async verifyAccessToken(token) {
      let claims: Awaited<ReturnType<typeof verify>>
      try {
        claims = await verify(token, [clientId, `api://${clientId}`])
      } catch (error) {
        if (error instanceof joseErrors.JOSEError && !(error instanceof joseErrors.JWKSTimeout)) return undefined
        throw error instanceof AppError ? error : unavailable(error)
      }
      // An ID token has our audience too; only access tokens name the client they were made for.
      if (textOf(claims['azp']) === undefined) return undefined
      const isPerson = textOf(claims['scp']) !== undefined
      if (!isPerson && claims.sub !== claims.oid && claims['idtyp'] !== 'app') return undefined
      return { ...identityOf(claims, isPerson ? 'entra' : 'entra-app'), expiresAt: (claims.exp ?? 0) * 1000 }
    },

    async endSessionUrl(returnTo) {
      const configuration = await discover().catch(() => undefined)
      if (configuration?.serverMetadata().end_session_endpoint === undefined) return null
      return oidc.buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo }).href
    },
  }
}

/** A secret if one is configured, else the managed identity's own token (federated credential). */
function clientAuthentication(config: Config): oidc.ClientAuth {
  if (config.ENTRA_CLIENT_SECRET !== undefined) return oidc.ClientSecretPost(config.ENTRA_CLIENT_SECRET)
  let credential: ManagedIdentityCredential | undefined
  return async (_server, client, body) => {
    // Loaded only where it is used.
    const sdk = await import('@azure/identity')
    credential ??= new sdk.ManagedIdentityCredential(
      config.AZURE_CLIENT_ID === undefined ? {} : { clientId: config.AZURE_CLIENT_ID },
    )
    const { token } = await credential.getToken(exchangeScope)
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', assertionType)
    body.set('client_assertion', token)
  }
}

const textOf = (claim: unknown): string | undefined => (typeof claim === 'string' && claim !== '' ? claim : undefined)
const listOf = (claim: unknown): string[] =>
  Array.isArray(claim) ? claim.filter((one): one is string => typeof one === 'string') : []

const bareName = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '')

/** `LevelIII`, `Level III` and `level-iii` are one role; values of other applications are passed over. */
export function readRoles(claim: unknown): Role[] {
  const given = new Set(listOf(claim).map(bareName))
  return roles.filter((role) => given.has(bareName(role)))
}

const unavailable = (cause: unknown): AppError =>
  new AppError('entra-unavailable', 503, 'The directory does not answer at the moment.', { cause })

/** Nobody answered, or the directory itself failed: says nothing about the person. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof AppError) return error.status === 503
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500
  if (error instanceof joseErrors.JOSEError || error instanceof oidc.AuthorizationResponseError) return false
  if (error instanceof oidc.ClientError)
    return error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM'
  return true
}
