/** A copy with every word of `width` bytes reversed; a rest shorter than a word stays as it is. */
export function swapWords(bytes: Uint8Array, width: 2 | 4 | 8): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes)
  const end = out.length - (out.length % width)
  if (width === 2) {
    for (let at = 0; at < end; at += 2) {
      out[at] = bytes[at + 1] as number
      out[at + 1] = bytes[at] as number
    }
    return out
  }
  const last = width - 1
  for (let at = 0; at < end; at += width) {
    for (let byte = 0; byte < width; byte += 1) out[at + byte] = bytes[at + last - byte] as number
  }
  return out
}
