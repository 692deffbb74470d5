import type { Config } from '../config.ts'
import type { BlobStore } from './blob-store.ts'
import { openDiskStore } from './disk-store.ts'

/** The store the configuration names; the caller closes it. */
export async function openBlobStore(config: Config): Promise<BlobStore> {
  if (config.STORAGE === 'disk') return openDiskStore(config.STORAGE_DIR ?? '')
  // Loaded only where it is used: the SDK costs memory and start-up time that one machine does not need.
  const { openAzureStore } = await import('./azure-store.ts')
  const { azureAccount } = await import('./azure-container.ts')
  return openAzureStore(azureAccount(config, config.AZURE_STORAGE_CONTAINER))
}
