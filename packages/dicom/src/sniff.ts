import { readUint16, readUint32 } from './integers.ts'
import { DicomReadError } from './limits.ts'
import { tagEntry } from './tag-entry.ts'
import type { ReadWarning } from './types.ts'
import { vrFormAt } from './vr-forms.ts'

/** How a file begins. */
export interface Start {
  /** Bytes before the file meta information or the data set. */
  skip: number
  /** Set when there is no file meta information. */
  syntaxUid?: string
  warning?: ReadWarning
}

function hasMagic(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x44 && bytes[at + 1] === 0x49 && bytes[at + 2] === 0x43 && bytes[at + 3] === 0x4d
}

/** Looks at the first 160 bytes of a file (PS3.10 7.1), or all where it is shorter. Throws DicomReadError for other files. */
export function findStart(bytes: Uint8Array): Start {
  if (hasMagic(bytes, 128)) return { skip: 132 }
  const warning: ReadWarning = { code: 'missing-preamble', offset: 0, message: 'The file has no preamble.' }
  if (hasMagic(bytes, 0)) return { skip: 4, warning }
  if (bytes[0] === 2 && bytes[1] === 0 && bytes[3] === 0 && sniffSyntax(bytes) !== undefined)
    return { skip: 0, warning }
  const syntaxUid = sniffSyntax(bytes)
  if (syntaxUid === undefined)
    throw new DicomReadError('not-dicom', 'The bytes do not begin like a DICOM file.', undefined, 0)
  return {
    skip: 0,
    syntaxUid,
    warning: {
      code: 'missing-meta',
      offset: 0,
      message: 'The file has no file meta information; its syntax was found by looking.',
    },
  }
}

/** Whether a file with these first bytes (160, or all of a shorter one) is read at all, with preamble or without. */
export function beginsLikeDicom(bytes: Uint8Array): boolean {
  try {
    findStart(bytes)
    return true
  } catch (error) {
    if (error instanceof DicomReadError) return false
    throw error
  }
}

/** Syntax of a bare data set by its first element, which lies in a low group; undefined when it is no data set. */
export function sniffSyntax(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8) return undefined
  const isExplicit = vrFormAt(bytes, 4) !== undefined
  const isLowTag = (isBigEndian: boolean): boolean => {
    const group = readUint16(bytes, 0, isBigEndian)
    const element = readUint16(bytes, 2, isBigEndian)
    return group >= 2 && group <= 0x18 && group % 2 === 0 && (element === 0 || tagEntry(group, element).isInDictionary)
  }
  if (isLowTag(false)) {
    if (isExplicit) return '1.2.840.10008.1.2.1'
    return readUint32(bytes, 4, false) <= 1024 ? '1.2.840.10008.1.2' : undefined
  }
  return isLowTag(true) && isExplicit ? '1.2.840.10008.1.2.2' : undefined
}
