import { crc32 } from 'node:zlib'
import { AppError } from '../app-error.ts'
import type { CheckSum } from '../data/check-sums.ts'

/** One file of an archive; its length is known before its bytes are. */
export interface ZipEntry {
  /** ASCII, folders divided by slashes. */
  name: string
  byteLength: number
  modifiedAt: Date
  /** Its bytes from a place on; asked for once, and not at all when they lie before what is wanted and are `known`. */
  open: (from: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** The check sum of as many of its first bytes as are known, at most so many. */
  known?: (most: number) => CheckSum | undefined
  /** A check sum that is known by now. */
  note?: (sum: CheckSum) => void
}

const localSignature = 0x04034b50
const descriptorSignature = 0x08074b50
const centralSignature = 0x02014b50
const end64Signature = 0x06064b50
const locator64Signature = 0x07064b50
const endSignature = 0x06054b50

const max16 = 0xffff
const max32 = 0xffffffff
const version = 20
const version64 = 45
// The check sum is known only behind the bytes (APPNOTE 4.4.4, bit 3).
const descriptorFollows = 1 << 3
// File type and rights of a plain file that everybody may read, as Unix keeps them.
const plainFile = 0o100644 << 16

/** Bytes of a file between two notes of its check sum. */
const notedEvery = 64 * 1024 * 1024

const localLength = 30
const centralLength = 46

const isLarge = (byteLength: number): boolean => byteLength >= max32
/** Bytes of one file in an archive, but for its line in the directory. */
export const localSize = (name: string, byteLength: number): number =>
  localLength + name.length + (isLarge(byteLength) ? 20 : 0) + byteLength + (isLarge(byteLength) ? 24 : 16)
const centralExtra = (byteLength: number, offset: number): number => {
  const fields = (isLarge(byteLength) ? 2 : 0) + (isLarge(offset) ? 1 : 0)
  return fields === 0 ? 0 : 4 + 8 * fields
}

/** Length of an archive before a byte of it is made; entries are added in their order. */
export function measureZip(): { add(name: string, byteLength: number): void; total(): number } {
  let offset = 0
  let central = 0
  let count = 0
  return {
    add(name, byteLength) {
      central += centralLength + name.length + centralExtra(byteLength, offset)
      offset += localSize(name, byteLength)
      count += 1
    },
    total: () => offset + central + endSize(count, central, offset),
  }
}

const needsEnd64 = (count: number, central: number, offset: number): boolean =>
  count >= max16 || central >= max32 || offset >= max32
const endSize = (count: number, central: number, offset: number): number =>
  22 + (needsEnd64(count, central, offset) ? 76 : 0)

/**
 * A ZIP archive (PKWARE APPNOTE 6.3) whose files are stored as they are: images are compressed already or do not become
 * smaller, and inflating them would be one step more before they are proven. ZIP64 where a length or a count needs it. Of
 * each file it keeps some 60 bytes until the end, of bodies only the chunk that is handed on.
 * @param start bytes that are left out at the beginning; files that lie before it are read only for a check sum nobody knows
 * @throws AppError 'blob-truncated', 'blob-longer' when a body is not as long as its entry says: nothing is silently short
 */
export async function* writeZip(entries: AsyncIterable<ZipEntry>, start = 0): AsyncGenerator<Uint8Array> {
  const directory: (Omit<DirectoryEntry, 'crc'> & { crc: number | ZipEntry })[] = []
  let offset = 0
  let position = 0
  const wanted = function* (bytes: Uint8Array): Generator<Uint8Array> {
    const cut = Math.min(Math.max(start - position, 0), bytes.length)
    position += bytes.length
    if (cut < bytes.length) yield cut === 0 ? bytes : bytes.subarray(cut)
  }
  for await (const entry of entries) {
    const { name, byteLength, modifiedAt } = entry
    const time = dosTime(modifiedAt)
    const size = localSize(name, byteLength)
    position = offset
    if (offset + size <= start) {
      directory.push({ name, byteLength, time, crc: entry, offset })
    } else {
      yield* wanted(localHeader(name, byteLength, time))
      const sum = knownOf(entry, Math.max(start - position, 0))
      position += sum.bytes
      for await (const chunk of restOf(entry, sum)) yield* wanted(chunk)
      yield* wanted(descriptor(sum.crc, byteLength))
      directory.push({ name, byteLength, time, crc: sum.crc, offset })
    }
    offset += size
  }
  position = offset
  let central = 0
  for (const { crc, ...entry } of directory) {
    const bytes = centralHeader({ ...entry, crc: typeof crc === 'number' ? crc : await sumOf(crc) })
    central += bytes.length
    yield* wanted(bytes)
  }
  yield* wanted(endOfDirectory(directory.length, central, offset))
}

const knownOf = (entry: ZipEntry, most: number): CheckSum => {
  const { bytes, crc } = entry.known?.(Math.min(most, entry.byteLength)) ?? { bytes: 0, crc: 0 }
  return { bytes, crc }
}

/** The bytes behind those that are summed up; `sum` grows with them. */
async function* restOf({ byteLength, open, note }: ZipEntry, sum: CheckSum): AsyncGenerator<Uint8Array> {
  if (sum.bytes === byteLength) return
  let noted = sum.bytes
  for await (const chunk of open(sum.bytes)) {
    sum.bytes += chunk.length
    if (sum.bytes > byteLength) throw new AppError('blob-longer', 500, 'The stored bytes are more than they were.')
    sum.crc = crc32(chunk, sum.crc)
    if (sum.bytes - noted >= notedEvery || sum.bytes === byteLength) {
      noted = sum.bytes
      note?.({ ...sum })
    }
    yield chunk
  }
  if (sum.bytes < byteLength) throw new AppError('blob-truncated', 500, 'The stored bytes are fewer than they were.')
}

async function sumOf(entry: ZipEntry): Promise<number> {
  const sum = knownOf(entry, entry.byteLength)
  for await (const _ of restOf(entry, sum));
  return sum.crc
}

interface DirectoryEntry {
  name: string
  byteLength: number
  time: number
  crc: number
  offset: number
}

/** MS-DOS date and time in UTC, since the format knows no zone; two seconds are its finest step, 1980 its first year. */
function dosTime(at: Date): number {
  const year = Math.min(Math.max(at.getUTCFullYear(), 1980), 2107)
  const date = ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return date * 0x10000 + time
}

function localHeader(name: string, byteLength: number, time: number): Uint8Array {
  const extra = isLarge(byteLength) ? 20 : 0
  const bytes = Buffer.alloc(localLength + name.length + extra)
  bytes.writeUInt32LE(localSignature, 0)
  bytes.writeUInt16LE(extra > 0 ? version64 : version, 4)
  bytes.writeUInt16LE(descriptorFollows, 6)
  bytes.writeUInt32LE(time, 10)
  // Lengths stand in the descriptor; that they have 64 bits is said here (APPNOTE 4.3.9.2).
  if (extra > 0) bytes.fill(0xff, 18, 26)
  bytes.writeUInt16LE(name.length, 26)
  bytes.writeUInt16LE(extra, 28)
  bytes.write(name, localLength, 'latin1')
  if (extra > 0) {
    bytes.writeUInt16LE(1, localLength + name.length)
    bytes.writeUInt16LE(16, localLength + name.length + 2)
  }
  return bytes
}

function descriptor(crc: number, byteLength: number): Uint8Array {
  const bytes = Buffer.alloc(isLarge(byteLength) ? 24 : 16)
  bytes.writeUInt32LE(descriptorSignature, 0)
  bytes.writeUInt32LE(crc, 4)
  if (isLarge(byteLength)) {
    bytes.writeBigUInt64LE(BigInt(byteLength), 8)
    bytes.writeBigUInt64LE(BigInt(byteLength), 16)
  } else {
    bytes.writeUInt32LE(byteLength, 8)
    bytes.writeUInt32LE(byteLength, 12)
  }
  return bytes
}

function centralHeader({ name, byteLength, time, crc, offset }: DirectoryEntry): Uint8Array {
  const extra = centralExtra(byteLength, offset)
  const bytes = Buffer.alloc(centralLength + name.length + extra)
  const needed = extra > 0 ? version64 : version
  bytes.writeUInt32LE(centralSignature, 0)
  bytes.writeUInt16LE(0x0300 | needed, 4)
  bytes.writeUInt16LE(needed, 6)
  bytes.writeUInt16LE(descriptorFollows, 8)
  bytes.writeUInt32LE(time, 12)
  bytes.writeUInt32LE(crc, 16)
  bytes.writeUInt32LE(Math.min(byteLength, max32), 20)
  bytes.writeUInt32LE(Math.min(byteLength, max32), 24)
  bytes.writeUInt16LE(name.length, 28)
  bytes.writeUInt16LE(extra, 30)
  bytes.writeUInt32LE(plainFile >>> 0, 38)
  bytes.writeUInt32LE(Math.min(offset, max32), 42)
  let at = centralLength + bytes.write(name, centralLength, 'latin1')
  if (extra > 0) {
    bytes.writeUInt16LE(1, at)
    bytes.writeUInt16LE(extra - 4, at + 2)
    at += 4
    // Only what did not fit above, in this order (APPNOTE 4.5.3).
    const fields = [...(isLarge(byteLength) ? [byteLength, byteLength] : []), ...(isLarge(offset) ? [offset] : [])]
    for (const field of fields) at = bytes.writeBigUInt64LE(BigInt(field), at)
  }
  return bytes
}

function endOfDirectory(count: number, central: number, offset: number): Uint8Array {
  const bytes = Buffer.alloc(endSize(count, central, offset))
  let at = 0
  if (needsEnd64(count, central, offset)) {
    bytes.writeUInt32LE(end64Signature, 0)
    bytes.writeBigUInt64LE(44n, 4)
    bytes.writeUInt16LE(0x0300 | version64, 12)
    bytes.writeUInt16LE(version64, 14)
    bytes.writeBigUInt64LE(BigInt(count), 24)
    bytes.writeBigUInt64LE(BigInt(count), 32)
    bytes.writeBigUInt64LE(BigInt(central), 40)
    bytes.writeBigUInt64LE(BigInt(offset), 48)
    bytes.writeUInt32LE(locator64Signature, 56)
    bytes.writeBigUInt64LE(BigInt(offset + central), 64)
    bytes.writeUInt32LE(1, 72)
    at = 76
  }
  bytes.writeUInt32LE(endSignature, at)
  bytes.writeUInt16LE(Math.min(count, max16), at + 8)
  bytes.writeUInt16LE(Math.min(count, max16), at + 10)
  bytes.writeUInt32LE(Math.min(central, max32), at + 12)
  bytes.writeUInt32LE(Math.min(offset, max32), at + 16)
  return bytes
}
