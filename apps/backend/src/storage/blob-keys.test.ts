import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkKey, newObjectKey, newTemporaryKey, parseQuarantineKey, quarantineKey } from './blob-keys.ts'

test('no two uploads get the same key, and a key carries nothing but chance', () => {
  const keys = Array.from({ length: 2000 }, newObjectKey)
  assert.equal(new Set(keys).size, keys.length)
  for (const key of keys) assert.match(key, /^objects\/[0-9a-f]{2}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test('uploads of the same moment share a folder, later ones use others', () => {
  const folders = Array.from({ length: 5000 }, newObjectKey).map((key) => key.slice(0, key.lastIndexOf('/')))
  const changes = folders.filter((folder, at) => at > 0 && folder !== folders[at - 1]).length
  assert.ok(changes > 5 && changes < 30, String(changes))
})

test('a quarantine key names the day and gives the object key back', () => {
  const key = newObjectKey()
  const aside = quarantineKey(key, new Date('2026-02-28T23:59:59Z'))
  assert.deepEqual(parseQuarantineKey(aside), { objectKey: key, day: new Date('2026-02-28T00:00:00Z') })
  assert.equal(parseQuarantineKey(key), undefined)
})

test('every key made here passes the check of keys', () => {
  for (const key of [newObjectKey(), newTemporaryKey(), quarantineKey(newObjectKey(), new Date())]) checkKey(key)
})
