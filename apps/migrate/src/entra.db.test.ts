// In the customer's Azure the job signs in with a token, as an administrator who is no superuser and owns the database through
// a group, and makes the backend's identity known. Here the token is the role's password, and the server's function of Azure
// is one that makes a role.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createLogger } from '@instandt/runtime'
import { emptyDatabase, startIdentityEndpoint, testPostgresUrl } from '@instandt/testkit'
import pg from 'pg'
import { configSchema, migrateConfig } from './config.ts'
import { runMigrations } from './index.ts'

const clientId = '6f1c1b0e-0000-4000-8000-00000000da7b'
const log = createLogger({ name: 'test', level: 'silent' })

test('the job signs in with a token and lets the backend’s identity work, again and again', async () => {
  const database = await emptyDatabase()
  const identity = await startIdentityEndpoint(clientId, 'https://ossrdbms-aad.database.windows.net')
  Object.assign(process.env, identity.env)
  const tag = randomBytes(4).toString('hex')
  const [job, app, role, group] = [`job_${tag}`, `id-app-${tag}`, `role_${tag}`, `azure_pg_admin_${tag}`]
  const server = new pg.Client({ connectionString: await testPostgresUrl() })
  await server.connect()
  // As on Azure: in the database postgres only.
  const url = new URL(await testPostgresUrl())
  url.pathname = '/postgres'
  const main = new pg.Client({ connectionString: url.href })
  await main.connect()
  await main.query(`create or replace function pgaadauth_create_principal(name text, is_admin boolean, is_mfa boolean)
    returns text language plpgsql security definer as $$ begin
      if is_admin then raise exception 'an administrator was not asked for'; end if;
      execute format('create role %I login password %L', name, 'token');
      return 'Created role';
    end $$`)
  const databaseUrl = new URL(database.adminUrl)
  await server.query(`create role ${group}`)
  await server.query(
    `create role ${job} login nosuperuser createrole createdb in role ${group} password '${identity.token}'`,
  )
  await server.query(`alter database "${databaseUrl.pathname.slice(1)}" owner to ${group}`)
  databaseUrl.username = job
  databaseUrl.password = ''
  databaseUrl.searchParams.set('sslmode', 'disable')
  const config = await migrateConfig(
    configSchema.parse({
      MIGRATE_DATABASE_URL: databaseUrl.href,
      MIGRATE_DATABASE_AUTH: 'entra',
      AZURE_CLIENT_ID: clientId,
      APP_ROLE: role,
      APP_IDENTITIES: app,
    }),
  )
  const asApp = new URL(database.adminUrl)
  asApp.username = app
  asApp.password = 'token'
  try {
    await runMigrations(config, log)
    await runMigrations(config, log)
    assert.ok(identity.issued.length > 0, 'a token was asked for')
    const client = new pg.Client({ connectionString: asApp.href })
    await client.connect()
    assert.equal((await client.query('select count(*) from study')).rowCount, 1)
    await assert.rejects(client.query('create table own (id integer)'), /permission denied/)
    await assert.rejects(client.query('delete from audit_event'), /permission denied/)
    await client.end()
  } finally {
    await database.stop()
    await main.query('drop function pgaadauth_create_principal')
    await server.query(
      `drop role if exists "${app}"; drop role if exists ${role}; drop role if exists ${job}; drop role if exists ${group}`,
    )
    await main.end()
    await server.end()
    await identity.stop()
  }
})

test('a server that does not know the function says which identity it was about', async () => {
  const database = await emptyDatabase()
  try {
    const run = runMigrations(
      { databaseUrl: database.adminUrl, appRole: 'instandt_app', appIdentities: ['id-missing'] },
      log,
    )
    await assert.rejects(run, /managed identity id-missing: function pgaadauth_create_principal.* does not exist/)
  } finally {
    await database.stop()
  }
})
