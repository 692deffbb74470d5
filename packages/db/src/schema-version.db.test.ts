import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { emptyDatabase, testDatabase } from '@instandt/testkit'
import pg from 'pg'
import { closeDb, openDb, requiredSchemaVersion, schemaFault, schemaVersion } from './index.ts'

test('this program needs the newest migration there is', () => {
  const files = readdirSync(path.join(import.meta.dirname, '../migrations'))
  assert.equal(requiredSchemaVersion, files.length)
})

test('the backend reads the version of the schema; a database never migrated is at 0', async () => {
  const migrated = await testDatabase()
  const found = await schemaVersion(migrated.db)
  assert.equal(found.version, requiredSchemaVersion)
  assert.equal(schemaFault(found), undefined)
  await migrated.stop()

  const empty = await emptyDatabase()
  const db = openDb({ connectionString: empty.adminUrl })
  assert.deepEqual(await schemaVersion(db), { version: 0, newestBreaking: 0 })
  await closeDb(db)
  await empty.stop()
})

test('an unreachable database is an error, never version 0', async () => {
  const db = openDb({ connectionString: 'postgres://a:b@127.0.0.1:1/c' })
  await assert.rejects(schemaVersion(db), { code: 'ECONNREFUSED' })
  await closeDb(db)
})

test('an older schema is refused, a newer one only when something breaking came later', () => {
  assert.match(schemaFault({ version: 3, newestBreaking: 1 }, 4) ?? '', /is at 3, this program needs 4/)
  assert.equal(schemaFault({ version: 4, newestBreaking: 4 }, 4), undefined)
  assert.equal(schemaFault({ version: 9, newestBreaking: 4 }, 4), undefined)
  assert.match(schemaFault({ version: 9, newestBreaking: 7 }, 4) ?? '', /breaking migration 7/)
})

test('the newest breaking migration is read from the database', async () => {
  const database = await testDatabase()
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  await admin.query(`insert into schema_migration (number, name, kind, checksum)
    values (9001, '9001_a.sql', 'breaking', ''), (9002, '9002_b.sql', 'compatible', '')`)
  await admin.end()
  assert.deepEqual(await schemaVersion(database.db), { version: 9002, newestBreaking: 9001 })
  await database.stop()
})
