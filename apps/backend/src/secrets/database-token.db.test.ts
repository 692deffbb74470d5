// DATABASE_AUTH=entra: each new connection signs in with a token of the managed identity, as PostgreSQL on Azure takes it for
// a password. Here the token is the role's password.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { closeDb, openDb } from '@instandt/db'
import { createLogger } from '@instandt/runtime'
import { startIdentityEndpoint, testDatabase, testKeys } from '@instandt/testkit'
import pg from 'pg'
import { configSchema } from '../config.ts'
import { openCredentials } from './database-credentials.ts'

const clientId = '6f1c1b0e-0000-4000-8000-00000000da7a'

test('a connection signs in with the token of the managed identity', async () => {
  const database = await testDatabase()
  const identity = await startIdentityEndpoint(clientId, 'https://ossrdbms-aad.database.windows.net')
  Object.assign(process.env, identity.env)
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  const role = `identity_${randomBytes(4).toString('hex')}`
  await admin.query(`create role ${role} login password '${identity.token}' in role instandt_app`)
  const url = new URL(database.appUrl)
  url.username = role
  url.password = ''
  url.searchParams.set('sslmode', 'disable')
  const config = configSchema.parse({
    DATABASE_URL: url.href,
    DATABASE_AUTH: 'entra',
    AZURE_CLIENT_ID: clientId,
    STORAGE_DIR: '/nowhere',
    SECRET_KEYS: testKeys,
  })
  const credentials = await openCredentials(config, undefined, createLogger({ name: 'test', level: 'fatal' }))
  assert.ok(credentials)
  const db = openDb({ connectionString: url.href, credentials })
  try {
    const { rows } = await db.pool.query<{ name: string }>('select current_user as name')
    assert.equal(rows[0]?.name, role)
    assert.equal(identity.issued.length, 1, 'the token is kept until shortly before its end')
    const clients = await Promise.all([db.pool.connect(), db.pool.connect()])
    for (const client of clients) client.release()
  } finally {
    await closeDb(db)
    await admin.query(`drop role ${role}`)
    await admin.end()
    await identity.stop()
    await database.stop()
  }
})
