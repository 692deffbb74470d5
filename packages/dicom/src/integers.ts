// Read by hand: a DataView for every element costs more than the element.
export function readUint16(bytes: Uint8Array, at: number, isBigEndian: boolean): number {
  const first = bytes[at] as number
  const second = bytes[at + 1] as number
  return isBigEndian ? first * 0x100 + second : second * 0x100 + first
}

export function readUint32(bytes: Uint8Array, at: number, isBigEndian: boolean): number {
  const first = readUint16(bytes, at, isBigEndian)
  const second = readUint16(bytes, at + 2, isBigEndian)
  return isBigEndian ? first * 0x10000 + second : second * 0x10000 + first
}
