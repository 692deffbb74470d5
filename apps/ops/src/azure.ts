import type { Config } from './config.ts'
import { OpsError, statusOf } from './ops-error.ts'

const patient = { maxRetries: 6, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 }

/**
 * Azure as this command sees it: Azure's own clients, each loaded when it is first asked for. They sign in as Azure's tools
 * do (environment, workload identity, managed identity, `az login`), keep to Retry-After and repeat what broke on the way.
 */
export function openAzure(config: Config, subscriptionId: string) {
  const { ARM_ENDPOINT: endpoint, LOG_ANALYTICS_ENDPOINT: logsEndpoint } = config
  const credential = once(async () => new (await import('@azure/identity')).DefaultAzureCredential())
  const scope = `${endpoint}/.default`
  const options = {
    endpoint,
    credentialScopes: scope,
    credentials: { scopes: [scope] },
    additionalPolicies: [onlyAt(endpoint)],
    retryOptions: patient,
  }
  return {
    apps: once(async () => {
      const { ContainerAppsAPIClient } = await import('@azure/arm-appcontainers')
      return new ContainerAppsAPIClient(await credential(), subscriptionId, options)
    }),
    /** Repeats nothing by itself: for what must not happen twice. */
    appsOnce: once(async () => {
      const { ContainerAppsAPIClient } = await import('@azure/arm-appcontainers')
      return new ContainerAppsAPIClient(await credential(), subscriptionId, {
        ...options,
        retryOptions: { maxRetries: 0 },
      })
    }),
    vaults: once(async () => {
      const { KeyVaultManagementClient } = await import('@azure/arm-keyvault')
      return new KeyVaultManagementClient(await credential(), subscriptionId, options)
    }),
    resources: once(async () => {
      const { ResourceManagementClient } = await import('@azure/arm-resources')
      return new ResourceManagementClient(await credential(), subscriptionId, options)
    }),
    frontDoor: once(async () => {
      const { CdnManagementClient } = await import('@azure/arm-cdn')
      return new CdnManagementClient(await credential(), subscriptionId, options)
    }),
    firewall: once(async () => {
      const { FrontDoorManagementClient } = await import('@azure/arm-frontdoor')
      return new FrontDoorManagementClient(await credential(), subscriptionId, options)
    }),
    storage: once(async () => {
      const { StorageManagementClient } = await import('@azure/arm-storage')
      return new StorageManagementClient(await credential(), subscriptionId, options)
    }),
    databases: once(async () => {
      const { PostgreSQLManagementFlexibleServerClient } = await import('@azure/arm-postgresql-flexible')
      return new PostgreSQLManagementFlexibleServerClient(await credential(), subscriptionId, options)
    }),
    roles: once(async () => {
      const { AuthorizationManagementClient } = await import('@azure/arm-authorization')
      return new AuthorizationManagementClient(await credential(), subscriptionId, options)
    }),
    logs: once(async () => {
      const { LogsQueryClient } = await import('@azure/monitor-query-logs')
      return new LogsQueryClient(await credential(), {
        endpoint: `${logsEndpoint}/v1`,
        credentials: { scopes: [`${logsEndpoint}/.default`] },
        additionalPolicies: [onlyAt(logsEndpoint)],
        retryOptions: { maxRetries: 2, retryDelayInMs: 500 },
      })
    }),
    /** Object id of who is signed in. */
    async caller(): Promise<string> {
      const token = await (await credential()).getToken(scope)
      const claims = JSON.parse(Buffer.from(token.token.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
        oid?: string
      }
      if (claims.oid === undefined) throw new OpsError('the token names nobody')
      return claims.oid
    },
  }
}

export type Azure = ReturnType<typeof openAzure>

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/**
 * Addresses of next pages and of long operations come in answers, and the token goes with each request: only to where
 * it belongs, whatever an answer says.
 */
function onlyAt(origin: string) {
  return {
    position: 'perCall' as const,
    policy: {
      name: 'onlyAt',
      async sendRequest<Request extends { url: string }, Answer>(
        request: Request,
        next: (request: Request) => Promise<Answer>,
      ): Promise<Answer> {
        const to = new URL(request.url).origin
        if (to !== origin) throw new OpsError(`an answer of ${origin} points to ${to}: not followed`)
        return next(request)
      },
    },
  }
}

/** Undefined where there is no such resource. */
export async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

export async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of pages) all.push(one)
  return all
}
