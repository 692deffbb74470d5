import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startKeyVault, type TestKeyVault } from '@instandt/testkit'
import { addPerson } from '../identity.fixture.ts'
import { createSecretBox } from '../identity/secret-box.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { parseDatabaseSecret } from './database-credentials.ts'
import { createKeySource, newKey, parseKeys } from './keys.ts'
import { type KeyVault, openKeyVault } from './key-vault.ts'
import { keysSecret, rotateKeys } from './rotate-keys.ts'

let backend: TestBackend
let server: TestKeyVault
let vault: KeyVault

before(async () => {
  backend = await startTestBackend()
  server = await startKeyVault()
  Object.assign(process.env, server.identityEnv)
  vault = await openKeyVault({ url: server.url, clientId: server.clientId, ca: server.certificate })
})
after(async () => {
  await server.stop()
  await backend.stop()
})

test('a secret is written as a new version and read as the newest, after the vault’s challenge', async () => {
  assert.equal(await vault.read('some-secret'), undefined)
  await vault.write('some-secret', 'first')
  await vault.write('some-secret', 'second')
  assert.equal(await vault.read('some-secret'), 'second')
  const days = ((server.secrets.get('some-secret')?.at(-1)?.exp ?? 0) * 1000 - Date.now()) / 86_400_000
  assert.ok(days > 365 && days < 430, `the version names its last day: ${days} days ahead`)
  assert.equal(server.secrets.get('some-secret')?.length, 2)
  assert.ok(server.requests.challenged > 0)
})

test('a vault that refuses or fails is named with the secret, and the value never', async () => {
  await vault.write('guarded', 'the-value-itself')
  for (const [status, words] of [
    [403, /127\.0\.0\.1.*Key Vault Secrets User.*'guarded'/],
    [500, /127\.0\.0\.1.*answered 500.*'guarded'/],
  ] as const) {
    server.failWith(status)
    await assert.rejects(
      vault.read('guarded'),
      (error: Error) => words.test(error.message) && !error.message.includes('the-value'),
    )
  }
  server.failWith(0)
  assert.equal(await vault.read('guarded'), 'the-value-itself')
})

test('a certificate that nobody vouches for is not talked to', async () => {
  const strict = await openKeyVault({ url: server.url, clientId: server.clientId })
  await assert.rejects(strict.read('guarded'), /does not answer/)
})

test('a malformed database secret is a fault that does not show it', () => {
  assert.throws(
    () => parseDatabaseSecret('{"user":"a","password":"'),
    (error: Error) => !error.message.includes('"a"'),
  )
  assert.deepEqual(parseDatabaseSecret('{"user":"a","password":"b"}'), { user: 'a', password: 'b' })
})

test('what is sealed opens for its purpose only, with any key in force, and not when a byte changed', async () => {
  const [older, newer] = [newKey(), newKey()]
  let keys = older
  const box = createSecretBox(createKeySource(() => Promise.resolve(keys), 0))
  const sealed = await box.seal('totp', 'GEZDGNBV')
  assert.ok(!sealed.includes('GEZDGNBV'))
  assert.equal(await box.open('totp', sealed), 'GEZDGNBV')
  assert.equal(await box.open('refresh-token', sealed), undefined)
  keys = `${newer} ${older}`
  assert.equal(await box.open('totp', sealed), 'GEZDGNBV')
  assert.ok((await box.seal('totp', 'x')).startsWith(newer.split(':')[0] ?? ''))
  const at = sealed.length - 4
  const broken = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
  assert.equal(await box.open('totp', broken), undefined)
  for (const text of ['', '.', 'x.y', `${older.split(':')[0]}.`]) assert.equal(await box.open('totp', text), undefined)
})

test('what is named by a key is the same on every server, of its purpose only, and does not wait for a vault that hangs', async () => {
  const [older, newer] = [newKey(), newKey()]
  const boxOf = (keys: string) => createSecretBox(createKeySource(() => Promise.resolve(keys), Infinity))
  const name = await boxOf(older).mac('boundary', 'text')
  assert.match(name, /^[\w-]{43}$/)
  assert.equal(await boxOf(older).mac('boundary', 'text'), name)
  for (const [keys, purpose, text] of [
    [newer, 'boundary', 'text'],
    [`${newer} ${older}`, 'boundary', 'text'],
    [older, 'other', 'text'],
    [older, 'boundary', 'other'],
  ] as const)
    assert.notEqual(await boxOf(keys).mac(purpose, text), name)

  let vault = Promise.resolve(older)
  const box = createSecretBox(createKeySource(() => vault, 0))
  await box.mac('boundary', 'text')
  const { promise: hanging, resolve: answer } = Promise.withResolvers<string>()
  vault = hanging
  assert.equal(await box.mac('boundary', 'text'), name)
  answer(newer)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(await box.mac('boundary', 'text'), await boxOf(newer).mac('boundary', 'text'), 'the newest from then on')
})

test('a key that another server began to use is asked for at once', async () => {
  const [older, newer] = [newKey(), newKey()]
  let text = older
  const source = createKeySource(() => Promise.resolve(text), 3_600_000)
  await source.newest()
  text = `${newer} ${older}`
  await new Promise((resolve) => setTimeout(resolve, 1050))
  assert.notEqual(await source.find(newer.split(':')[0] ?? ''), undefined)
})

test('keys rotate: second factors are sealed anew, two older keys stay, and nothing is lost', async () => {
  const { db } = backend
  const { id } = await addPerson(db)
  await rotateKeys(db, vault)
  const boxNow = async (): Promise<ReturnType<typeof createSecretBox>> => {
    const text = (await vault.read(keysSecret)) ?? ''
    return createSecretBox(createKeySource(() => Promise.resolve(text), Infinity))
  }
  const sealed = await (await boxNow()).seal('totp', 'GEZDGNBV')
  await db.pool.query('update account set totp_secret = $2 where id = $1', [id, sealed])
  for (let turn = 0; turn < 3; turn += 1) {
    assert.equal(await rotateKeys(db, vault), 1)
    const keys = parseKeys((await vault.read(keysSecret)) ?? '')
    assert.equal(keys.length, Math.min(3, turn + 2))
    const { rows } = await db.pool.query<{ value: string }>('select totp_secret as value from account where id = $1', [
      id,
    ])
    assert.ok(rows[0]?.value.startsWith(`${keys[0]?.id}.`))
    assert.equal(await (await boxNow()).open('totp', rows[0]?.value ?? ''), 'GEZDGNBV')
  }
})

test('a key that is gone stops the rotation before anything is dropped', async () => {
  const { db } = backend
  const stranger = createSecretBox(createKeySource(() => Promise.resolve(newKey()), Infinity))
  const { id } = await addPerson(db)
  await db.pool.query('update account set totp_secret = $2 where id = $1', [id, await stranger.seal('totp', 'x')])
  const before = parseKeys((await vault.read(keysSecret)) ?? '').map((key) => key.id)
  await assert.rejects(rotateKeys(db, vault), { code: 'secret-unreadable' })
  const afterwards = parseKeys((await vault.read(keysSecret)) ?? '').map((key) => key.id)
  assert.deepEqual(afterwards.slice(1), before)
})
