import { createHash } from 'node:crypto'

/** A UID that is always the same for the same words: a UUID of version 8 as a number behind 2.25 (PS3.5 B.2, RFC 9562 5.8). */
export function uidFor(...words: string[]): string {
  const bytes = createHash('sha256').update(words.join('\n')).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`
}
