import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Key, KeySource } from '../secrets/keys.ts'

/** Keeps small secrets (second factors, refresh tokens) unreadable in the database and in cookies; names what nobody may foresee. */
export interface SecretBox {
  /** AES-256-GCM with the newest key; `purpose` is bound in, so that a value is good in its place only. */
  seal(purpose: string, text: string): Promise<string>
  /** The text, or undefined when it was sealed for another purpose, changed, or with a key that is gone. */
  open(purpose: string, sealed: string): Promise<string | undefined>
  /** HMAC-SHA-256 in base64url by a key of that purpose, made from the newest: equal on all servers, and known to no client before. */
  mac(purpose: string, text: string): Promise<string>
}

const nonceBytes = 12
const tagBytes = 16

export function createSecretBox(keys: KeySource): SecretBox {
  // Making one takes longer than using it, and every image is sent with one.
  const made = new WeakMap<Key, Map<string, Buffer>>()
  const keyFor = (key: Key, purpose: string): Buffer => {
    const ofKey = made.get(key) ?? new Map<string, Buffer>()
    made.set(key, ofKey)
    const own = ofKey.get(purpose) ?? Buffer.from(hkdfSync('sha256', key.bytes, '', purpose, 32))
    ofKey.set(purpose, own)
    return own
  }
  return {
    async seal(purpose, text) {
      const key = await keys.newest()
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${key.id}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    async open(purpose, sealed) {
      const at = sealed.indexOf('.')
      const key = at < 1 ? undefined : await keys.find(sealed.slice(0, at))
      const bytes = Buffer.from(sealed.slice(at + 1), 'base64url')
      if (!key || bytes.length < nonceBytes + tagBytes) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, nonceBytes))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      try {
        return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch {
        // The tag does not fit: said by returning nothing.
        return undefined
      }
    },
    async mac(purpose, text) {
      const key = keyFor(await keys.lastKnown(), purpose)
      return createHmac('sha256', key).update(text).digest('base64url')
    },
  }
}
