// For tests: bytes to store, and what is stored.
import { createHash, randomBytes } from 'node:crypto'
import type { BlobStore } from './blob-store.ts'

export async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Pseudo-random bytes without keeping them; `hash` is complete when the last is out. */
export function longBody(byteLength: number): { body: AsyncIterable<Uint8Array>; hash: () => string } {
  const hash = createHash('sha256')
  const block = randomBytes(64 * 1024)
  async function* body(): AsyncGenerator<Uint8Array> {
    for (let left = byteLength; left > 0; left -= block.length) {
      const chunk = Buffer.from(block.subarray(0, Math.min(left, block.length)))
      chunk.writeUInt32LE(left >>> 8, 0)
      hash.update(chunk)
      yield chunk
    }
  }
  return { body: body(), hash: () => hash.digest('hex') }
}

export async function listKeys(store: BlobStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}
