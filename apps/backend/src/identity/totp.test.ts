import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTotp, totpStep } from './totp.ts'

// RFC 6238 appendix B, SHA-1, last six digits; the secret is '12345678901234567890'.
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test('codes are those of RFC 6238', () => {
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [2_000_000_000, '279037'],
  ] as const)
    assert.equal(totpStep(secret, code, seconds * 1000), Math.floor(seconds / 30), code)
})

test('a code is good half a minute early and late, no longer', () => {
  const at = 1_111_111_109_000
  assert.notEqual(totpStep(secret, '081804', at + 30_000), undefined)
  assert.notEqual(totpStep(secret, '081804', at - 30_000), undefined)
  assert.equal(totpStep(secret, '081804', at + 90_000), undefined)
  assert.equal(totpStep(secret, '81804', at), undefined)
})

test('a new secret comes with the address that apps scan', () => {
  const { secret: fresh, uri } = newTotp('petra@shop.example')
  assert.match(fresh, /^[A-Z2-7]{32}$/)
  assert.match(uri, /^otpauth:\/\/totp\/instaNDT:petra%40shop\.example\?/)
})
