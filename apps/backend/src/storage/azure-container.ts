import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity'
import { BlobServiceClient, type ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob'
import type { Config } from '../config.ts'

const pipelineOptions = (hasRetries: boolean): StoragePipelineOptions => ({
  retryOptions: { maxTries: hasRetries ? 4 : 1, retryDelayInMs: 300, maxRetryDelayInMs: 3_000 },
})

export type AzureAccount =
  | { connectionString: string; container: string }
  | { accountUrl: string; clientId: string | undefined; container: string }

/** The account the configuration names, and one container in it. */
export function azureAccount(config: Config, container: string): AzureAccount {
  const { AZURE_STORAGE_CONNECTION_STRING: connectionString, AZURE_STORAGE_ACCOUNT_URL: accountUrl } = config
  if (connectionString !== undefined) return { connectionString, container }
  if (accountUrl === undefined) throw new TypeError('The configuration was not checked by its schema.')
  return { accountUrl, clientId: config.AZURE_CLIENT_ID, container }
}

/**
 * A client of one container; asks nothing yet.
 * @param hasRetries false for bodies that are there once only, because they stream through
 */
export function connectContainer(account: AzureAccount, { hasRetries = true } = {}): ContainerClient {
  const options = pipelineOptions(hasRetries)
  if ('connectionString' in account) {
    return BlobServiceClient.fromConnectionString(account.connectionString, options).getContainerClient(
      account.container,
    )
  }
  // In the cloud the identity is named; without a name this is a developer's machine and its own sign-in counts.
  const credential =
    account.clientId === undefined
      ? new DefaultAzureCredential()
      : new ManagedIdentityCredential({ clientId: account.clientId })
  return new BlobServiceClient(account.accountUrl, credential, options).getContainerClient(account.container)
}
