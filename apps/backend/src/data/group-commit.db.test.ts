// Commits that fail, or wait: what their rows are told is what is there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { AppError } from '../app-error.ts'
import { readArchiveScope, type StoreScope } from '../plugins/access.ts'
import { createInstanceWriter } from './group-commit.ts'
import { makeRow } from './insert-rows.fixture.ts'

let database: TestDatabase
let scope: StoreScope
before(async () => {
  database = await testDatabase()
  scope = await readArchiveScope(database.db)
})
after(() => database.stop())

const isFault = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

test('a statement that never reached the database leaves its row committed, and nobody is told that it is not', async () => {
  const row = makeRow({ study: 'unsent', instance: 'unsent', blobKey: 'objects/aa/unsent' })
  const alongside = (): Promise<never> => Promise.reject(new Error('not sent'))
  await assert.rejects(createInstanceWriter(database.db).insert(scope, row, { alongside }), isFault('commit-unknown'))
  const { rowCount } = await database.db.pool.query(`select from instance where blob_key = 'objects/aa/unsent'`)
  assert.equal(rowCount, 1)
})
