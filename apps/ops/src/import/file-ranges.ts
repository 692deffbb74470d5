import type { FileHandle } from 'node:fs/promises'
import type { UploadSource } from '@instandt/api'

/** At most so many bytes from there on; fewer at the end of the file. */
export async function readAt(file: FileHandle, start: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** An open file as the source of an upload in parts. */
export const rangesOf = (file: FileHandle, size: number): UploadSource => ({
  size,
  slice: (start, end) => ({
    async arrayBuffer() {
      const { buffer, byteOffset, byteLength } = await readAt(file, start, end - start)
      return byteOffset === 0 && byteLength === buffer.byteLength
        ? buffer
        : buffer.slice(byteOffset, byteOffset + byteLength)
    },
  }),
})
