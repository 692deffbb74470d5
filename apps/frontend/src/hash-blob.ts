import { createSHA256 } from 'hash-wasm'

const pieceLength = 4 * 1024 * 1024

/** SHA-256 in hexadecimal, in one pass that keeps 4 MiB; `onRead` tells the bytes so far. */
export async function hashBlob(blob: Blob, onRead: (bytes: number) => void): Promise<string> {
  const hash = await createSHA256()
  for (let start = 0; start < blob.size; start += pieceLength) {
    const piece = new Uint8Array(await blob.slice(start, start + pieceLength).arrayBuffer())
    hash.update(piece)
    onRead(start + piece.byteLength)
  }
  return hash.digest()
}
