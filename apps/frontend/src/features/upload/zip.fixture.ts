import { BlobWriter, Uint8ArrayReader, ZipWriter, type ZipWriterAddDataOptions } from '@zip.js/zip.js'

export interface ZipMember extends ZipWriterAddDataOptions {
  bytes: Uint8Array
}

/** An archive as programs write it. */
export async function makeZip(members: Record<string, Uint8Array | ZipMember>): Promise<Blob> {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false })
  for (const [name, member] of Object.entries(members)) {
    const { bytes, ...options } = member instanceof Uint8Array ? { bytes: member } : member
    await writer.add(name, new Uint8ArrayReader(bytes), options)
  }
  return writer.close()
}
