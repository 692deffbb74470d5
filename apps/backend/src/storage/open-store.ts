import type { Config } from '../config.ts'
import type { BlobStore } from './blob-store.ts'
import { openDiskStore } from './disk-store.ts'

/** The store the configuration names; the caller closes it. */
export async function openBlobStore(config: Config): Promise<BlobStore> {
  if (config.STORAGE === 'disk') return openDiskStore(required(config.STORAGE_DIR))
  // Loaded only where it is used: the SDK costs memory and start-up time that one machine does not need.
  const { openAzureStore } = await import('./azure-store.ts')
  const container = config.AZURE_STORAGE_CONTAINER
  if (config.AZURE_STORAGE_CONNECTION_STRING !== undefined) {
    return openAzureStore({ connectionString: config.AZURE_STORAGE_CONNECTION_STRING, container })
  }
  return openAzureStore({
    accountUrl: required(config.AZURE_STORAGE_ACCOUNT_URL),
    clientId: config.AZURE_CLIENT_ID,
    container,
  })
}

function required(value: string | undefined): string {
  if (value === undefined) throw new TypeError('The configuration was not checked by its schema.')
  return value
}
