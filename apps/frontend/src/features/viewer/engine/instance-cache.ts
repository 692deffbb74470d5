import { type Dataset, getString, tags } from '@instandt/dicom'
import { type LookupTables, PixelFault, type PixelFormat, readLookupTables, readPixelFormat } from '@instandt/pixels'
import { fetchBulk, fetchMetadata, type InstanceAddress } from './requests.ts'

/** What is known of an instance before its pixels. */
export interface InstanceInfo {
  dataset: Dataset
  sopClassUid: string
  /** Or why there is none. */
  pixels: { format: PixelFormat; tables: LookupTables } | PixelFault
}

export interface InstanceCache {
  get(address: InstanceAddress): Promise<InstanceInfo>
  close(): void
}

// Attributes of 400 instances with a few kB each; multi-frame ones with groups per frame have some MB, but are few.
const maxInstances = 400

/** Metadata of instances, each asked for once. */
export function createInstanceCache(): InstanceCache {
  const known = new Map<string, Promise<InstanceInfo>>()
  const controller = new AbortController()

  async function load(address: InstanceAddress): Promise<InstanceInfo> {
    const { signal } = controller
    const dataset = await fetchMetadata(address, signal)
    const sopClassUid = getString(dataset, tags.sopClassUid) ?? ''
    try {
      const format = readPixelFormat(dataset)
      const tables = await readLookupTables(dataset, format, (path) => fetchBulk(address, path, signal))
      return { dataset, sopClassUid, pixels: { format, tables } }
    } catch (error) {
      if (error instanceof PixelFault) return { dataset, sopClassUid, pixels: error }
      throw error
    }
  }

  return {
    get(address) {
      const { instance } = address
      const found = known.get(instance)
      if (found) {
        known.delete(instance)
        known.set(instance, found)
        return found
      }
      const loading = load(address)
      known.set(instance, loading)
      // A fault of the network is not remembered.
      loading.catch(() => known.delete(instance))
      const oldest = known.size > maxInstances ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
      return loading
    },
    close: () => controller.abort(),
  }
}
