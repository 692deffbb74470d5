import { createHash } from 'node:crypto'
import type { BlobStore } from './blob-store.ts'

/**
 * Whether two objects hold the same bytes.
 * @throws AppError 'blob-missing' when one of them is not there
 */
export async function haveSameBytes(store: Pick<BlobStore, 'read'>, one: string, other: string): Promise<boolean> {
  const hashOf = async (key: string): Promise<Buffer> => {
    const hash = createHash('sha256')
    for await (const chunk of await store.read(key)) hash.update(chunk)
    return hash.digest()
  }
  const first = await hashOf(one)
  return first.equals(await hashOf(other))
}
