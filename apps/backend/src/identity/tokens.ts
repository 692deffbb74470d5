import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits for cookies and links. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Marks our API tokens, so that scanners of repositories know one when they see it. */
export const apiTokenMark = 'ndt_'
export const newApiToken = (): string => apiTokenMark + newSecret()

/** What the database keeps of a secret. 256 random bits need no slow hash. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Ten codes to get in without the app, each good once: `xxxxx-xxxxx`, some 49 bits. */
export function newRecoveryCodes(): string[] {
  const code = (): string => {
    let text = ''
    while (text.length < 10) {
      const [byte = 255] = randomBytes(1)
      // The rest of the division would favour some letters.
      if (byte < 248) text += letters[byte % letters.length]
    }
    return `${text.slice(0, 5)}-${text.slice(5)}`
  }
  return Array.from({ length: 10 }, code)
}

export const normalizeRecoveryCode = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
