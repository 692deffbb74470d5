/** Bytes of a file that are looked at: its meta group, without a private block that no writer fills. */
export const identifyLength = 2048

/**
 * The SOP Instance UID out of the file meta group (PS3.10 7.1), which tells the file's answer from the others of its
 * request. Undefined for anything that is not laid out as the standard says; the server reads more kinds than this.
 */
export function sopInstanceUidOf(head: Uint8Array): string | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (head.byteLength < 144 || view.getUint32(128) !== 0x4449434d) return undefined
  let offset = 132
  // Always explicit VR little endian, whatever the data set after it (PS3.10 7.1).
  while (offset + 8 <= head.byteLength && view.getUint16(offset, true) === 0x0002) {
    const element = view.getUint16(offset + 2, true)
    const vr = String.fromCharCode(view.getUint8(offset + 4), view.getUint8(offset + 5))
    const isLong = vr === 'OB' || vr === 'OW' || vr === 'UN' || vr === 'UT' || vr === 'SQ'
    if (isLong && offset + 12 > head.byteLength) return undefined
    const length = isLong ? view.getUint32(offset + 8, true) : view.getUint16(offset + 6, true)
    const start = offset + (isLong ? 12 : 8)
    if (element === 0x0003) {
      if (start + length > head.byteLength) return undefined
      const value = String.fromCharCode(...head.subarray(start, start + length)).replace(/[\0 ]+$/, '')
      return /^[0-9.]{1,64}$/.test(value) ? value : undefined
    }
    offset = start + length
  }
  return undefined
}
