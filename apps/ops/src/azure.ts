import { ContainerAppsAPIClient } from '@azure/arm-appcontainers'
import { KeyVaultManagementClient } from '@azure/arm-keyvault'
import { ResourceManagementClient } from '@azure/arm-resources'
import { DefaultAzureCredential } from '@azure/identity'
import type { TokenCredential } from '@azure/identity'
import type { Config } from './config.ts'
import { statusOf } from './ops-error.ts'

/** Any resource as Resource Manager shows it. */
export interface Resource {
  id?: string
  name?: string
  location?: string
  properties?: Record<string, unknown>
  sku?: Record<string, unknown>
}

/** Azure as this command sees it. */
export interface Azure {
  credential: TokenCredential
  apps: ContainerAppsAPIClient
  /** Repeats nothing by itself: for what must not happen twice. */
  appsOnce: ContainerAppsAPIClient
  vaults: KeyVaultManagementClient
  resources: ResourceManagementClient
  /** One resource by its id; undefined where there is none. */
  find(id: string, apiVersion: string): Promise<Resource | undefined>
  /** Asks a question that Resource Manager takes as POST. */
  post(path: string, apiVersion: string, body: object): Promise<unknown>
  /** Every page of a list. */
  list(path: string, apiVersion: string): Promise<Resource[]>
}

/** Signs in as Azure's tools do: environment, workload identity, managed identity, `az login`. */
export function openAzure(config: Config, subscriptionId: string): Azure {
  const credential = new DefaultAzureCredential()
  const endpoint = config.ARM_ENDPOINT
  const patient = { endpoint, retryOptions: { maxRetries: 6, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 } }
  const get = async (url: string, body?: object): Promise<Record<string, unknown> | undefined> => {
    const token = await credential.getToken(`${endpoint}/.default`)
    for (let attempt = 0; ; attempt += 1) {
      const headers = { authorization: `Bearer ${token?.token ?? ''}`, 'content-type': 'application/json' }
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(url, { ...sent, headers, signal: AbortSignal.timeout(60_000) }).catch(
        (error: unknown) => {
          if (attempt < 5) return undefined
          throw error
        },
      )
      if (response?.ok === true) return (await response.json()) as Record<string, unknown>
      if (response?.status === 404) return undefined
      const isPassing = response === undefined || response.status === 429 || response.status >= 500
      if (!isPassing || attempt >= 5) {
        const body = (await response?.json().catch(() => ({}))) as { error?: { code?: string; message?: string } }
        const { code, message } = body.error ?? {}
        throw Object.assign(new Error(message ?? `no answer from ${new URL(url).pathname}`), {
          code,
          statusCode: response?.status,
        })
      }
      const seconds = Number(response?.headers.get('retry-after') ?? 2 ** attempt / 4)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    }
  }
  return {
    credential,
    apps: new ContainerAppsAPIClient(credential, subscriptionId, patient),
    appsOnce: new ContainerAppsAPIClient(credential, subscriptionId, { endpoint, retryOptions: { maxRetries: 0 } }),
    vaults: new KeyVaultManagementClient(credential, subscriptionId, patient),
    resources: new ResourceManagementClient(credential, subscriptionId, patient),
    async find(id, apiVersion) {
      return get(`${endpoint}${id}?api-version=${apiVersion}`)
    },
    async post(path, apiVersion, body) {
      return get(`${endpoint}${path}?api-version=${apiVersion}`, body)
    },
    async list(path, apiVersion) {
      const found: Resource[] = []
      let next: string | undefined = `${endpoint}${path}?api-version=${apiVersion}`
      while (next !== undefined) {
        const page = (await get(next)) as { value?: Resource[]; nextLink?: string } | undefined
        found.push(...(page?.value ?? []))
        // A next page must be Resource Manager's own, or our token would go elsewhere.
        next = page?.nextLink?.startsWith(`${endpoint}/`) === true ? page.nextLink : undefined
      }
      return found
    },
  }
}

export const isMissing = (error: unknown): boolean => statusOf(error) === 404
