/** What is needed of the file meta information. */
export interface FileMeta {
  sopClassUid?: string
  /** Tells the file's answer from the others of its request. */
  sopInstanceUid?: string
}

/**
 * Media Storage SOP Class and Instance UID (PS3.10 7.1) out of a file's first bytes. Empty for anything that is not laid out
 * as the standard says; the server reads more kinds than this.
 */
export function metaOf(head: Uint8Array): FileMeta {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const meta: FileMeta = {}
  if (head.byteLength < 144 || view.getUint32(128) !== 0x4449434d) return meta
  let offset = 132
  // Always explicit VR little endian, whatever the data set after it (PS3.10 7.1).
  while (offset + 8 <= head.byteLength && view.getUint16(offset, true) === 0x0002) {
    const element = view.getUint16(offset + 2, true)
    const vr = String.fromCharCode(view.getUint8(offset + 4), view.getUint8(offset + 5))
    const isLong = vr === 'OB' || vr === 'OW' || vr === 'UN' || vr === 'UT' || vr === 'SQ'
    if (isLong && offset + 12 > head.byteLength) return meta
    const length = isLong ? view.getUint32(offset + 8, true) : view.getUint16(offset + 6, true)
    const start = offset + (isLong ? 12 : 8)
    const uid = (): string | undefined => readUid(head.subarray(start, start + length), length)
    if (element === 0x0002) Object.assign(meta, { sopClassUid: uid() })
    if (element === 0x0003) return Object.assign(meta, { sopInstanceUid: uid() })
    offset = start + length
  }
  return meta
}

function readUid(bytes: Uint8Array, length: number): string | undefined {
  const value = String.fromCharCode(...bytes).replace(/[\0 ]+$/, '')
  return bytes.byteLength === length && /^[0-9.]{1,64}$/.test(value) ? value : undefined
}
