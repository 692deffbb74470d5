import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { formatDigest, parseDigest, toHex } from './digest-field.ts'

const digest = createHash('sha256').update('weld').digest()

test('a digest comes back from its header field', () => {
  const field = formatDigest(digest)
  assert.equal(field, `sha-256=:${digest.toString('base64')}:`)
  assert.deepEqual(parseDigest(field), new Uint8Array(digest))
  assert.equal(toHex(digest), digest.toString('hex'))
})

test('SHA-256 is found among other algorithms and parameters (RFC 9530 2)', () => {
  const own = `sha-256=:${digest.toString('base64')}:`
  for (const field of [`sha-512=:${'A'.repeat(86)}==:, ${own}`, `${own},md5=:AAAA:`, `${own};x=1`, `  ${own}  `])
    assert.deepEqual(parseDigest(field), new Uint8Array(digest), field)
})

test('what is no SHA-256 is none', () => {
  const encoded = digest.toString('base64')
  for (const field of [
    '',
    encoded,
    `sha-256=${encoded}`,
    `sha-256=:${encoded.slice(4)}:`,
    `sha-256=:${encoded}=:`,
    `xsha-256=:${encoded}:`,
    `sha-512=:${encoded}:`,
    `sha-256=:${encoded}:x`,
  ])
    assert.equal(parseDigest(field), undefined, field)
})
