import * as zip from '@zip.js/zip.js'
import type { ArchiveFault } from './upload-file.ts'
import type { ZipEntry } from './zip-limits.ts'

/** An archive cannot be read, or one file of it. */
export class ArchiveError extends Error {
  readonly fault: ArchiveFault

  constructor(fault: ArchiveFault, cause?: unknown) {
    super(`The archive cannot be read: ${fault}.`, { cause })
    this.name = 'ArchiveError'
    this.fault = fault
  }
}

export interface Archive {
  readonly blob: Blob
  /** Folders left out. */
  readonly entries: readonly ZipEntry[]
  /** Bytes of one entry in pieces, checked against its CRC-32 at the end. Throws ArchiveError. */
  read(index: number, take: (piece: Uint8Array) => void): Promise<void>
}

// Already in a worker of our own.
zip.configure({ useWebWorkers: false })

// Signature and fixed part of one file in the table of contents.
const [fileMark, fileBytes] = [0x02014b50, 46]

/**
 * The table of contents of a ZIP archive (ZIP64, Deflate, Deflate64, stored), read from its end; nothing is unpacked yet.
 * @param most entries, above which reading ends
 * @throws ArchiveError
 */
export async function openArchive(blob: Blob, most: number): Promise<Archive> {
  const reader = new zip.ZipReader(new zip.BlobReader(blob), { strictness: 'balanced', filenameValidation: 'tolerant' })
  const files: zip.FileEntry[] = []
  const entries: ZipEntry[] = []
  try {
    let tableBytes = 0
    for await (const entry of reader.getEntriesGenerator()) {
      const { rawFilename, rawExtraField, rawComment } = entry
      tableBytes += fileBytes + rawFilename.length + rawExtraField.length + rawComment.length
      if (entry.directory) continue
      if (entries.length >= most) throw new ArchiveError('zipTooMany')
      entries.push({
        index: files.length,
        name: entry.filename,
        size: entry.uncompressedSize,
        packedSize: entry.compressedSize,
        offset: entry.offset,
        isEncrypted: entry.encrypted,
      })
      files.push(entry)
    }
    if (await isPart(blob, reader, tableBytes)) throw new ArchiveError('zipBroken')
  } catch (error) {
    throw asArchiveError(error)
  }
  return {
    blob,
    entries,
    async read(index, take) {
      const file = files[index]
      if (file === undefined) throw new RangeError(`The archive has no entry ${index}.`)
      let bytes = 0
      let fault: unknown
      const sink = new WritableStream<Uint8Array>({
        write(piece) {
          bytes += piece.byteLength
          // More than was declared, so more than was held against the limits.
          if (bytes > file.uncompressedSize) fault = new ArchiveError('zipBroken')
          else {
            try {
              take(piece)
              return
            } catch (error) {
              fault = error
            }
          }
          throw fault
        },
      })
      try {
        await file.getData(sink, { checkSignature: true, checkOverlappingEntry: true })
      } catch (error) {
        throw fault ?? asArchiveError(error)
      }
      if (bytes !== file.uncompressedSize) throw new ArchiveError('zipBroken')
    },
  }
}

/**
 * The file holds more than the archive that was found at its end: something before it, most often the archive it lies in, which was
 * cut off, or files that the end does not count. They would be left out without a word.
 */
async function isPart(blob: Blob, reader: zip.ZipReader<unknown>, tableBytes: number): Promise<boolean> {
  if (reader.warnings?.some(({ reason }) => reason === zip.WARNING_PREPENDED_DATA) === true) return true
  const end = (reader.directoryOffset ?? 0) + tableBytes
  const next = await blob.slice(end, end + 4).arrayBuffer()
  return next.byteLength === 4 && new DataView(next).getUint32(0, true) === fileMark
}

const faults: readonly (readonly [string, ArchiveFault])[] = [
  [zip.ERR_ENCRYPTED, 'zipEncrypted'],
  [zip.ERR_ENCRYPTED_CENTRAL_DIRECTORY, 'zipEncrypted'],
  [zip.ERR_UNSUPPORTED_ENCRYPTION, 'zipEncrypted'],
  [zip.ERR_UNSUPPORTED_COMPRESSION, 'zipMethod'],
  [zip.ERR_SPLIT_ZIP_FILE, 'zipSplit'],
  [zip.ERR_OVERLAPPING_ENTRY, 'zipBomb'],
]

function asArchiveError(error: unknown): unknown {
  if (error instanceof ArchiveError) return error
  // The archive itself lies on a disk that is gone.
  if (error instanceof DOMException && error.name === 'NotReadableError') return error
  const words = error instanceof Error ? error.message : ''
  return new ArchiveError(faults.find(([message]) => message === words)?.[1] ?? 'zipBroken', error)
}
