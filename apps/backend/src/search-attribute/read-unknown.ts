import type { JsonValue, Vr } from '@instandt/dicom'

type ReadNumber = (view: DataView, at: number) => number | bigint

const numbers: Partial<Record<Vr, [bytes: number, read: ReadNumber]>> = {
  FD: [8, (view, at) => view.getFloat64(at, true)],
  FL: [4, (view, at) => view.getFloat32(at, true)],
  SL: [4, (view, at) => view.getInt32(at, true)],
  SS: [2, (view, at) => view.getInt16(at, true)],
  SV: [8, (view, at) => view.getBigInt64(at, true)],
  UL: [4, (view, at) => view.getUint32(at, true)],
  US: [2, (view, at) => view.getUint16(at, true)],
  UV: [8, (view, at) => view.getBigUint64(at, true)],
}
const wholeTexts = new Set<Vr>(['LT', 'ST', 'UR', 'UT'])

/**
 * Values of an element of unknown VR (PS3.5 6.2.2), as the VR that somebody says it has: little endian as all of our JSON.
 * Bytes that do not fit give nothing.
 */
export function readUnknown(base64: string, vr: Vr): JsonValue[] {
  const bytes = Buffer.from(base64, 'base64')
  const form = numbers[vr]
  if (form) {
    const [size, read] = form
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => Number(read(view, index * size)))
  }
  if (vr === 'AT') {
    return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) =>
      [0, 2]
        .map((half) =>
          bytes
            .readUInt16LE(index * 4 + half)
            .toString(16)
            .padStart(4, '0'),
        )
        .join('')
        .toUpperCase(),
    )
  }
  const text = decode(bytes).replace(/[ \0]+$/, '')
  return wholeTexts.has(vr) ? [text] : text.split('\\').map((part) => part.trim())
}

/** The character set of the data set does not hold for bytes of unknown meaning: UTF-8 where they are, else Latin-1. */
function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('�') ? bytes.toString('latin1') : text
}
