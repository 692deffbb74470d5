import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { parseConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'

const keys = `a:${Buffer.alloc(32).toString('base64url')}`
const example = parseEnv(readFileSync(path.join(import.meta.dirname, '../.env.example'), 'utf8'))
const needed = { DATABASE_URL: 'postgres://a:b@127.0.0.1/c', STORAGE_DIR: '/srv/blobs', SECRET_KEYS: keys }

test('the example of an environment names every setting, shows its default, and is accepted', () => {
  assert.deepEqual(Object.keys(example).toSorted(), Object.keys(configSchema.shape).toSorted())
  const parsed = parseConfig(configSchema, example)
  const { DATABASE_URL, STORAGE_DIR, PUBLIC_URL, SECRET_KEYS, ...shown } = parsed
  const { DATABASE_URL: _url, STORAGE_DIR: _dir, SECRET_KEYS: _keys, ...defaults } = parseConfig(configSchema, needed)
  assert.deepEqual(shown, defaults)
  assert.ok(DATABASE_URL && STORAGE_DIR && PUBLIC_URL && SECRET_KEYS)
})

test('an address that others could reach needs TLS', () => {
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1', 'ndt.example.com']) {
    assert.throws(() => parseConfig(configSchema, { ...needed, HOST }), /HOST.*needs TLS/)
    assert.throws(
      () => parseConfig(configSchema, { ...needed, HOST, PUBLIC_URL: 'http://ndt.example.com' }),
      /needs TLS/,
    )
    assert.equal(parseConfig(configSchema, { ...needed, HOST, PUBLIC_URL: 'https://ndt.example.com' }).HOST, HOST)
  }
})

test('settings that belong together are named when one is missing', () => {
  const id = '6f1d7a52-6a3c-4c1e-9d5b-0f7a3c2b1e4d'
  for (const [settings, words] of [
    [{ ENTRA_TENANT_ID: id }, /ENTRA_CLIENT_ID/],
    [{ LOCAL_ACCOUNTS: 'off' }, /no way in/],
    [{ FIRST_ADMIN_EMAIL: 'a@b.example' }, /FIRST_ADMIN_PASSWORD/],
    [{ SMTP_URL: 'smtp://mail.example' }, /MAIL_FROM/],
    [{ TLS_CERT_FILE: 'x' }, /TLS_KEY_FILE/],
    [{ SECRET_KEYS: 'short' }, /key 1 of 1/],
    [{ SECRET_KEYS: undefined }, /SECRET_KEYS/],
    [{ TRUSTED_PROXIES: '10.0.0.0/8, everyone' }, /TRUSTED_PROXIES/],
    [{ ENTRA_GROUP_ROLES: 'a=default:boss' }, /group=project:role/],
    [{ ENTRA_TENANT_ID: id, ENTRA_CLIENT_ID: id, ENTRA_AUTHORITY: 'http://login.example' }, /needs https/],
  ] as const)
    assert.throws(() => parseConfig(configSchema, { ...needed, ...settings }), words)
})

test('a faulty key is named by its place and never shown', () => {
  assert.throws(
    () => parseConfig(configSchema, { ...needed, SECRET_KEYS: `${keys} b:c2VjcmV0` }),
    (error: Error) => /key 2 of 2/.test(error.message) && !error.message.includes('c2VjcmV0'),
  )
})

test('a storage without its address is named', () => {
  assert.throws(() => parseConfig(configSchema, { DATABASE_URL: 'x', STORAGE: 'disk' }), /STORAGE_DIR/)
  assert.throws(() => parseConfig(configSchema, { ...needed, STORAGE: 'azure' }), /AZURE_STORAGE_ACCOUNT_URL/)
  assert.throws(() => parseConfig(configSchema, { ...needed, PUBLIC_URL: 'ftp://a' }), /PUBLIC_URL/)
})
