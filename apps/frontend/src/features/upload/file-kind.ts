import { beginsLikeDicom, directorySopClassUid, metaOf } from '@instandt/dicom'
import type { RefusalKey, SkipKey } from './upload-file.ts'

/** What a file is by its first bytes; names are asked only where bytes say nothing. */
export type FileKind =
  | 'dicom'
  | 'dicomdir'
  | 'zip'
  /** Packed in a way that is not opened here. */
  | 'packed'
  /** Images and documents that hold no DICOM attributes yet. */
  | 'tiff'
  | 'png'
  | 'jpeg'
  | 'pdf'
  | 'raw'
  | 'other'

/** Bytes of a file that are looked at. */
export const headLength = 2048

const bytesOf = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0))
const signatures: readonly (readonly [FileKind, readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 3, 4]],
  // An archive without a file in it.
  ['zip', [0x50, 0x4b, 5, 6]],
  // The first piece of one that was split.
  ['zip', [0x50, 0x4b, 7, 8]],
  ['packed', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['packed', bytesOf('Rar!')],
  ['packed', [0x1f, 0x8b]],
  ['packed', bytesOf('BZh')],
  ['packed', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['packed', [0x28, 0xb5, 0x2f, 0xfd]],
  // Little and big endian; 43 = BigTIFF.
  ['tiff', [0x49, 0x49, 42, 0]],
  ['tiff', [0x49, 0x49, 43, 0]],
  ['tiff', [0x4d, 0x4d, 0, 42]],
  ['tiff', [0x4d, 0x4d, 0, 43]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['pdf', bytesOf('%PDF-')],
]

const startsWith = (head: Uint8Array, signature: readonly number[], at = 0): boolean =>
  signature.every((byte, index) => head[at + index] === byte)

/** The one place where a file's kind is decided. `head`: its first 2,048 bytes, or all of a shorter one. */
export function kindOf(head: Uint8Array, path: string): FileKind {
  // First: a preamble may look like a TIFF file, on purpose (PS3.10 7.1).
  if (beginsLikeDicom(head)) return metaOf(head).sopClassUid === directorySopClassUid ? 'dicomdir' : 'dicom'
  const known = signatures.find(([, signature]) => startsWith(head, signature))
  if (known) return known[0]
  if (startsWith(head, bytesOf('ustar'), 257)) return 'packed'
  return /\.(raw|img|bin|vol)$/i.test(path) ? 'raw' : 'other'
}

export type Treatment =
  | { do: 'send' }
  | { do: 'unpack' }
  | { do: 'skip'; key: SkipKey }
  | { do: 'refuse'; key: RefusalKey }

/** What is done with a file of this kind. */
export function treatmentOf(kind: FileKind): Treatment {
  switch (kind) {
    case 'dicom':
      return { do: 'send' }
    case 'dicomdir':
      return { do: 'skip', key: 'dicomdir' }
    case 'zip':
      return { do: 'unpack' }
    case 'packed':
      return { do: 'refuse', key: 'packed' }
    case 'tiff':
    case 'png':
    case 'jpeg':
    case 'pdf':
    case 'raw':
      return { do: 'refuse', key: 'notConverted' }
    case 'other':
      return { do: 'refuse', key: 'notDicom' }
  }
}
