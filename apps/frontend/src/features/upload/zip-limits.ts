import type { ArchiveFault } from './upload-file.ts'

/** One file of an archive, as its table of contents declares it; offsets and sizes in bytes. */
export interface ZipEntry {
  /** Place in the table of contents. */
  index: number
  name: string
  size: number
  packedSize: number
  /** Where its local header begins. */
  offset: number
  isEncrypted: boolean
}

export interface CheckedEntry extends ZipEntry {
  fault?: ArchiveFault
}

/** What is left of the limits for an archive and all archives in it. */
export interface ZipBudget {
  entries: number
  bytes: number
}

export const zipLimits = {
  /** Files in an archive and in the archives in it. */
  entries: 200_000,
  /** All of them unpacked. */
  bytes: 2 ** 40,
  /** Unpacked to packed bytes. Deflate reaches 1,032; a CT volume that is mostly air about 100. */
  ratio: 250,
  /** Smaller ones may be packed as tight as they like: a blank image is no attack. */
  ratioFrom: 64 * 1024 * 1024,
  /** An archive in an archive is opened, one in that is not. */
  depth: 2,
  nameLength: 1000,
}

export const newZipBudget = (limits = zipLimits): ZipBudget => ({ entries: limits.entries, bytes: limits.bytes })

/**
 * Holds an archive's table of contents against the limits, and takes what it declares off the budget. A fault of the
 * archive, or its entries with their own faults. What an entry really unpacks to is held against its size later.
 */
export function checkZip(
  entries: readonly ZipEntry[],
  archiveBytes: number,
  budget: ZipBudget,
  limits = zipLimits,
): { fault: ArchiveFault } | { entries: CheckedEntry[] } {
  if (entries.length > budget.entries) return { fault: 'zipTooMany' }
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  if (bytes > budget.bytes) return { fault: 'zipTooLarge' }
  if (bytes > limits.ratioFrom && bytes > archiveBytes * limits.ratio) return { fault: 'zipBomb' }
  if (isOverlapping(entries, archiveBytes)) return { fault: 'zipBomb' }
  budget.entries -= entries.length
  budget.bytes -= bytes
  return {
    entries: entries.map((entry) => {
      const fault = faultOf(entry, limits)
      return fault ? { ...entry, fault } : entry
    }),
  }
}

function faultOf(entry: ZipEntry, limits: typeof zipLimits): ArchiveFault | undefined {
  if (isUnsafeName(entry.name, limits.nameLength)) return 'zipName'
  if (entry.isEncrypted) return 'zipEncrypted'
  return entry.size > limits.ratioFrom && entry.size > entry.packedSize * limits.ratio ? 'zipBomb' : undefined
}

/** Names are never paths of this machine; one that tries to be is a sign of a made-up archive. */
function isUnsafeName(name: string, longest: number): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name.length === 0 || name.length > longest || /[\0-\x1f\x7f]/.test(name)) return true
  return /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes('..')
}

/** Entries that share bytes: small files that unpack to petabytes are made so. */
function isOverlapping(entries: readonly ZipEntry[], archiveBytes: number): boolean {
  const localHeader = 30
  let end = 0
  for (const { offset, packedSize } of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) return true
    end = offset + localHeader + packedSize
  }
  return end > archiveBytes
}

/** Office documents and programs are ZIP archives too, and no folders of images. */
export const isDocument = (entries: readonly ZipEntry[]): boolean =>
  entries.some(({ name }) => /^(\[Content_Types\]\.xml|META-INF\/MANIFEST\.MF|mimetype)$/i.test(name))
