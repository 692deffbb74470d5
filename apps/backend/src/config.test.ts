import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { parseConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'

const example = parseEnv(readFileSync(path.join(import.meta.dirname, '../.env.example'), 'utf8'))
const needed = { DATABASE_URL: 'postgres://a:b@127.0.0.1/c', STORAGE_DIR: '/srv/blobs' }

test('the example of an environment names every setting, shows its default, and is accepted', () => {
  assert.deepEqual(Object.keys(example).toSorted(), Object.keys(configSchema.shape).toSorted())
  const parsed = parseConfig(configSchema, example)
  const { DATABASE_URL, STORAGE_DIR, PUBLIC_URL, ...shown } = parsed
  const { DATABASE_URL: _url, STORAGE_DIR: _dir, ...defaults } = parseConfig(configSchema, needed)
  assert.deepEqual(shown, defaults)
  assert.ok(DATABASE_URL && STORAGE_DIR && PUBLIC_URL)
})

test('an address that others could reach is refused', () => {
  for (const HOST of ['0.0.0.0', '::', '192.0.2.1', 'ndt.example.com']) {
    assert.throws(() => parseConfig(configSchema, { ...needed, HOST }), /HOST.*loopback/)
  }
})

test('a storage without its address is named', () => {
  assert.throws(() => parseConfig(configSchema, { DATABASE_URL: 'x', STORAGE: 'disk' }), /STORAGE_DIR/)
  assert.throws(() => parseConfig(configSchema, { ...needed, STORAGE: 'azure' }), /AZURE_STORAGE_ACCOUNT_URL/)
  assert.throws(() => parseConfig(configSchema, { ...needed, PUBLIC_URL: 'ftp://a' }), /PUBLIC_URL/)
})
