import { type Dataset, parseDataset } from '@instandt/dicom'
import { type LookupTables, PixelFault, type PixelFormat, readLookupTables, readPixelFormat } from '@instandt/pixels'
import type { StoredAttributes } from '../data/retrieve.ts'
import type { Deps } from '../deps.ts'
import { planBulk } from '../dicomweb/wado/retrieve-bulkdata.ts'
import type { Scope } from '../plugins/access.ts'
import { freshMemory } from '../storage/disk-read.ts'
import { unpackMetadata } from '../unpack-metadata.ts'

/** What decoding and showing the frames of one instance needs. */
export interface ImageInfo {
  stored: StoredAttributes
  dataset: Dataset
  format: PixelFormat
  tables: LookupTables
  /** Transfer syntax of the bytes that `readFrame` gives. */
  frameSyntaxUid: string
}

const explicitLittleEndian = '1.2.840.10008.1.2.1'
// Tables of 65,536 entries have 128 KiB.
const maxTableBytes = 1024 * 1024

/** All attributes, those that stay in the file by their address. */
export const readDataset = (stored: StoredAttributes): Dataset =>
  parseDataset(unpackMetadata(stored.metadata).toString())

/** @throws {PixelFault} when the attributes describe no image that can be decoded */
export async function readImage(deps: Deps, scope: Scope, stored: StoredAttributes): Promise<ImageInfo> {
  const dataset = readDataset(stored)
  const format = readPixelFormat(dataset)
  const { layout } = stored
  // Written in the file, but not where a frame begins and ends.
  if (!layout || layout.frameCount === 0) throw new PixelFault('no-pixels')
  const tables = await readLookupTables(dataset, format, async (address) => {
    const path = address.slice(address.indexOf('bulkdata/') + 'bulkdata/'.length)
    const { byteLengths, open } = await planBulk(deps, scope, stored, path)
    if ((byteLengths[0] ?? 0) > maxTableBytes) throw new PixelFault('missing-attribute', { name: 'Lookup Table Data' })
    for await (const body of open(() => freshMemory)) return collect(body, byteLengths[0] ?? 0)
    return new Uint8Array()
  })
  return {
    stored,
    dataset,
    format: { ...format, frameCount: layout.frameCount },
    tables,
    frameSyntaxUid: layout.encapsulated ? stored.transferSyntaxUid : explicitLittleEndian,
  }
}

/** Bytes of a stream in one piece of memory, made for them: it can be handed to a thread. */
export async function collect(source: AsyncIterable<Uint8Array>, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(byteLength)
  let at = 0
  for await (const chunk of source) {
    bytes.set(chunk.subarray(0, byteLength - at), at)
    at += chunk.length
  }
  return bytes
}
