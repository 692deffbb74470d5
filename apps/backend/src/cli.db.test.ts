// The ops job of an installation in Azure, as a process with the environment that the platform gives it: the first keys and the
// first database user are made inside, from nothing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startKeyVault, testDatabase, type TestKeyVault } from '@instandt/testkit'
import pg from 'pg'

const folder = mkdtempSync(path.join(tmpdir(), 'instandt-cli-'))
const role = `ops_${randomBytes(4).toString('hex')}`
let vault: TestKeyVault
let database: Awaited<ReturnType<typeof testDatabase>>
let admin: pg.Client
before(async () => {
  vault = await startKeyVault()
  database = await testDatabase()
  writeFileSync(path.join(folder, 'vault.pem'), vault.certificate)
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  await admin.query(`create role ${role} in role instandt_app`)
})
after(async () => {
  for (const name of [`${role}_a`, `${role}_b`, role]) await admin.query(`drop role if exists ${name}`)
  await admin.end()
  await database.stop()
  await vault.stop()
  rmSync(folder, { recursive: true })
})

async function run(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'cli.ts'), ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...vault.identityEnv,
      AZURE_CLIENT_ID: vault.clientId,
      KEY_VAULT_URL: vault.url,
      NODE_EXTRA_CA_CERTS: path.join(folder, 'vault.pem'),
      DATABASE_URL: database.adminUrl,
      ADMIN_DATABASE_URL: database.adminUrl,
      STORAGE_DIR: path.join(folder, 'blobs'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, text }
}

const kept = (name: string) => vault.secrets.get(name)?.map((one) => one.value) ?? []

test('first keys: made from nothing, once, and shown nowhere', async () => {
  const dry = await run('rotate', 'keys', '--dry-run')
  assert.equal(dry.code, 0, dry.text)
  assert.deepEqual(kept('instandt-keys'), [])
  const first = await run('rotate', 'keys', '--if-missing')
  assert.equal(first.code, 0, first.text)
  const [key = ''] = kept('instandt-keys')
  assert.match(key, /^[0-9a-f]{8}:[\w-]{43}$/)
  const again = await run('rotate', 'keys', '--if-missing')
  assert.match(again.text, /instandt-keys is there already/)
  assert.deepEqual(kept('instandt-keys'), [key])
  assert.match((await run('rotate', 'keys', '--dry-run')).text, /would put a new key in front of 1/)
  assert.ok(![dry, first, again].some(({ text }) => text.includes(key.slice(9))))
})

test('first database user: made from nothing, once, and it can sign in', async () => {
  const words = ['rotate', 'database-password', '--role', role, '--if-missing']
  const first = await run(...words)
  assert.equal(first.code, 0, first.text)
  const [secret = '{}'] = kept('instandt-database')
  const { user, password } = JSON.parse(secret) as { user: string; password: string }
  assert.equal(user, `${role}_a`)
  assert.ok(!first.text.includes(password))
  assert.match((await run(...words)).text, /instandt-database is there already/)
  assert.equal(kept('instandt-database').length, 1)
  const url = new URL(database.adminUrl)
  Object.assign(url, { username: user, password })
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.end()
})

test('what goes wrong ends with 1 and a sentence', async () => {
  vault.failWith(403)
  const { code, text } = await run('rotate', 'keys')
  vault.failWith(0)
  assert.equal(code, 1)
  assert.match(text, /refuses this identity/)
  assert.equal((await run('rotate', 'everything')).code, 2)
})
