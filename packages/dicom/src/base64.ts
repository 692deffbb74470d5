const base64Chunk = 0x2000

/** Bytes as base64, as InlineBinary has them. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += base64Chunk) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + base64Chunk) as unknown as number[])
  }
  return btoa(text)
}

/** Bytes of an InlineBinary. Throws when the text is no base64. */
export function fromBase64(text: string): Uint8Array {
  const letters = atob(text)
  const bytes = new Uint8Array(letters.length)
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at)
  return bytes
}
