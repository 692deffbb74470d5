import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { maxPasswordLength, minPasswordLength } from '@instandt/api'
import { isCommonPassword } from './common-passwords.ts'

// OWASP Password Storage Cheat Sheet: N = 2^15, r = 8, p = 3 takes 32 MiB instead of the 128 MiB of N = 2^17, p = 1.
const cost = { log2N: 15, r: 8, p: 3 }
const keyBytes = 32
const maxAtOnce = 2

let running = 0
const waiting: (() => void)[] = []

/** Few at once: each takes 32 MiB and a thread that files are read with. */
async function withTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= maxAtOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  running += 1
  try {
    return await work()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}

function derive(password: string, salt: Buffer, { log2N, r, p }: typeof cost): Promise<Buffer> {
  const options = { N: 2 ** log2N, r, p, maxmem: 2 ** log2N * r * 256 }
  return withTurn(
    () =>
      new Promise((resolve, reject) => {
        scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) =>
          error ? reject(error) : resolve(key),
        )
      }),
  )
}

/** `scrypt$15$8$3$salt$hash`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, cost)
  return ['scrypt', cost.log2N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

// Somebody's whom nobody knows: an unknown name costs the same time as a wrong password.
const nobody = `scrypt$${cost.log2N}$${cost.r}$${cost.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** Whether the password is the one; takes equally long when there is no such account (`hash` null). */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const [, log2N, r, p, salt = '', expected = ''] = (hash ?? nobody).split('$')
  const key = await derive(password, Buffer.from(salt, 'base64url'), {
    log2N: Number(log2N),
    r: Number(r),
    p: Number(p),
  })
  const wanted = Buffer.from(expected, 'base64url')
  return hash !== null && wanted.length === key.length && timingSafeEqual(key, wanted)
}

/** Why a password is not taken, or undefined. Length and breach list (NIST SP 800-63B 5.1.1.2), no rules of kinds. */
export function passwordFault(password: string, words: readonly string[]): string | undefined {
  const length = Array.from(password).length
  if (length < minPasswordLength) return `The password needs at least ${minPasswordLength} characters.`
  if (length > maxPasswordLength) return `The password may have at most ${maxPasswordLength} characters.`
  if (new Set(password.toLowerCase()).size < 5) return 'The password repeats too few characters.'
  const own = words.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length >= 4)
  const rest = own.reduce((text, word) => text.replaceAll(word, ''), password.toLowerCase())
  if (own.length > 0 && rest.replace(/[^\p{L}\p{N}]/gu, '').length < 6)
    return 'The password is little more than your name or address.'
  if (isCommonPassword(password)) return 'This password is in lists of stolen passwords.'
  return undefined
}
