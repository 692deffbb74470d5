/** Value of a Content-Digest or Repr-Digest header field (RFC 9530) for these 32 bytes of SHA-256. */
export function formatDigest(sha256: Uint8Array): string {
  return `sha-256=:${btoa(String.fromCharCode(...sha256))}:`
}

/**
 * The SHA-256 of a Content-Digest or Repr-Digest header field; undefined when it names none, or none of 32 bytes. Other
 * algorithms beside it are passed over (RFC 9530 2: a recipient may use any of them).
 */
export function parseDigest(field: string): Uint8Array | undefined {
  const encoded = /(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?=;|,|$)/.exec(field)?.[1]
  return encoded === undefined ? undefined : Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))
}

const hexDigits = (byte: number): string => byte.toString(16).padStart(2, '0')

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, hexDigits).join('')
