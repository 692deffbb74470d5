// The database's user and password are rotated while images are stored and read: not one request fails, the old user is
// shut out afterwards, and an interrupted rotation is finished by the next run.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { openKeyVault, rotateDatabasePassword, type RotationStep } from '@instandt/backend'
import { startKeyVault, testDatabase, testKeys } from '@instandt/testkit'
import pg from 'pg'
import { startChildBackend, temporaryFolder } from './child-backend.ts'
import { startLoad } from './load.ts'

const steps: RotationStep[] = ['prepared', 'checked', 'written', 'moved']

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const [rotations, lanes] = scale === 'full' ? [6, 8] : [2, 4]
  const database = await testDatabase()
  const vault = await startKeyVault()
  const { folder, remove } = await temporaryFolder()
  const certificateFile = path.join(folder, 'vault.pem')
  await writeFile(certificateFile, vault.certificate)
  Object.assign(process.env, vault.identityEnv)
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  // A role of this run alone: roles belong to the whole server, on which other tests work.
  const groupRole = `rotating_${randomBytes(4).toString('hex')}`
  await admin.query(`create role ${groupRole} in role instandt_app`)
  const keyVault = await openKeyVault({ url: vault.url, clientId: vault.clientId, ca: vault.certificate })
  const rotate = (afterStep?: (step: RotationStep) => void) =>
    rotateDatabasePassword({
      adminUrl: database.adminUrl,
      groupRole,
      vault: keyVault,
      waitSeconds: 30,
      isDryRun: false,
      print: () => undefined,
      ...(afterStep ? { afterStep } : {}),
    })
  try {
    assert.equal((await rotate()).user, `${groupRole}_a`, 'the first run makes the first user')
    const url = new URL(database.appUrl)
    url.searchParams.set('sslmode', 'disable')
    url.username = groupRole
    url.password = ''
    const backend = await startChildBackend({
      databaseUrl: url.href,
      storageDir: path.join(folder, 'blobs'),
      env: {
        DATABASE_AUTH: 'key-vault',
        KEY_VAULT_URL: vault.url,
        AZURE_CLIENT_ID: vault.clientId,
        NODE_EXTRA_CA_CERTS: certificateFile,
        SECRETS_REFRESH_SECONDS: '1',
        SECRET_KEYS: testKeys,
        ...vault.identityEnv,
      },
    })
    const load = startLoad(backend.url, lanes)
    await load.until(lanes * 4)
    for (let turn = 0; turn < rotations; turn += 1) {
      const before = vaultSecret(vault)
      const step = steps[turn % steps.length]
      // Every rotation is interrupted once, each time after another step, and run again.
      await assert.rejects(
        rotate((done) => {
          if (done === step) throw new Error(`interrupted after ${done}`)
        }),
        /interrupted/,
      )
      await load.until(lanes * 2)
      await rotate()
      // A run that finds the other user unused may take another turn instead of finishing: the password is new either way.
      assert.notEqual(vaultSecret(vault).password, before.password)
      const now = vaultSecret(vault).user
      await load.until(lanes * 4)
      const { rows } = await admin.query<{ name: string; can: boolean; sessions: number }>(
        `select r.rolname as name, r.rolcanlogin as can, (select count(*)::integer from pg_stat_activity a where a.usename = r.rolname) as sessions
         from pg_roles r where r.rolname like $1 order by r.rolname`,
        [`${groupRole}%`],
      )
      for (const role of rows) {
        assert.equal(role.can, role.name === now, `${role.name} may${role.can ? '' : ' not'} sign in`)
        if (role.name !== now) assert.equal(role.sessions, 0, `${role.name} still has sessions`)
      }
    }
    vault.failWith(503)
    await load.until(lanes * 4)
    vault.failWith(0)
    const { stored, read, failed } = await load.stop()
    assert.deepEqual(failed, [])
    assert.ok(stored > 0 && read > 0)
    await backend.stop()
    process.stdout.write(
      `rotation: ${rotations} rotations, each interrupted once, during ${stored} uploads and ${read} retrievals: none failed\n`,
    )
  } finally {
    for (const role of [`${groupRole}_a`, `${groupRole}_b`, groupRole]) await admin.query(`drop role if exists ${role}`)
    await admin.end()
    await vault.stop()
    await database.stop()
    await remove()
  }
}

const vaultSecret = (vault: { secrets: Map<string, { value: string }[]> }): { user: string; password: string } =>
  JSON.parse(vault.secrets.get('instandt-database')?.at(-1)?.value ?? '{}') as { user: string; password: string }
