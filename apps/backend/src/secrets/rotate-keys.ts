import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import { createSecretBox } from '../identity/secret-box.ts'
import { createKeySource, newKey, parseKeys } from './keys.ts'
import type { KeyVault } from './key-vault.ts'

/** Secret that holds the encryption keys. */
export const keysSecret = 'instandt-keys'

/**
 * Puts a fresh key in front, seals everything in the database anew with it, then drops all keys but the two before:
 * servers that have not seen the new one yet go on with an older, also when two rotations follow at once, and ask again
 * when they meet it. Interrupted anywhere
 * it is safe to run again. Returns how many values were sealed anew.
 */
export async function rotateKeys(db: Db, vault: KeyVault): Promise<number> {
  const before = await vault.read(keysSecret)
  if (before === undefined) {
    await vault.write(keysSecret, newKey())
    return 0
  }
  const older = before.trim().split(/\s+/)
  const all = [newKey(), ...older].join(' ')
  await vault.write(keysSecret, all)
  const box = createSecretBox(createKeySource(() => Promise.resolve(all), Infinity))
  const [newest] = parseKeys(all)
  const sealed = await sealAnew(db, box, newest?.id ?? '')
  await vault.write(keysSecret, all.split(' ').slice(0, 3).join(' '))
  return sealed
}

const places = [
  { table: 'account', column: 'totp_secret', purpose: 'totp' },
  { table: 'session', column: 'refresh_token', purpose: 'refresh-token' },
] as const

async function sealAnew(db: Db, box: ReturnType<typeof createSecretBox>, keyId: string): Promise<number> {
  let count = 0
  for (const { table, column, purpose } of places) {
    const { rows } = await db.pool.query<{ id: string; value: string }>(
      `select id, ${column} as value from ${table} where ${column} is not null and ${column} not like $1`,
      [`${keyId}.%`],
    )
    for (const { id, value } of rows) {
      const text = await box.open(purpose, value)
      if (text === undefined)
        throw new AppError('secret-unreadable', 500, `A ${purpose} cannot be opened with any key; nothing was dropped.`)
      // Only where it is still the value that was read: a person may have changed it meanwhile.
      await db.pool.query(`update ${table} set ${column} = $2 where id = $1 and ${column} = $3`, [
        id,
        await box.seal(purpose, text),
        value,
      ])
      count += 1
    }
  }
  return count
}
