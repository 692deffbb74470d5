import { AppError } from '../app-error.ts'
import type { Command, CommandContext } from '../commands.ts'
import { addAuditEvent } from '../data/audit.ts'
import { type KeyVault, openKeyVault } from '../secrets/key-vault.ts'
import { databaseSecret } from '../secrets/database-credentials.ts'
import { rotateDatabasePassword } from '../secrets/rotate-database-password.ts'
import { keysSecret, rotateKeys } from '../secrets/rotate-keys.ts'
import { count } from './archive.ts'

/** New secrets in place of old ones, while everything runs. */
export const secretCommands: Record<string, Command> = {
  'rotate database-password': {
    help: `  rotate database-password    a new database user and password, through KEY_VAULT_URL and ADMIN_DATABASE_URL
    --role NAME        role whose members connect (instandt_app)
    --wait-seconds N   for servers to move over (300)
    --if-missing       only when there is none yet
    --dry-run          only says what it would do`,
    options: {
      'if-missing': { type: 'boolean', default: false },
      role: { type: 'string', default: 'instandt_app' },
      'wait-seconds': { type: 'string', default: '300' },
      'dry-run': { type: 'boolean', default: false },
    },
    async run({ deps, scope, values, print }) {
      const adminUrl = deps.config.ADMIN_DATABASE_URL
      if (adminUrl === undefined) throw new AppError('wrong-usage', 400, 'ADMIN_DATABASE_URL is not set')
      const vault = await vaultOf(deps)
      if (values['if-missing'] === true && (await isThere(vault, databaseSecret, print))) return 0
      const { user, isResumed } = await rotateDatabasePassword({
        adminUrl,
        groupRole: String(values['role']),
        vault,
        waitSeconds: count(values, 'wait-seconds'),
        isDryRun: values['dry-run'] === true,
        print,
      })
      if (values['dry-run'] !== true) {
        await addAuditEvent(deps.db.pool, scope, {
          action: 'secret.rotate',
          target: 'database-password',
          detail: { user, isResumed },
        })
      }
      return 0
    },
  },
  'rotate keys': {
    help: `  rotate keys     a new encryption key in KEY_VAULT_URL; what is sealed is sealed anew, one older key stays
    --if-missing       only when there is none yet
    --dry-run          only says what it would do`,
    options: { 'if-missing': { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
    async run({ deps, scope, values, print }) {
      const vault = await vaultOf(deps)
      if (values['if-missing'] === true && (await isThere(vault, keysSecret, print))) return 0
      if (values['dry-run'] === true) {
        const number = (await vault.read(keysSecret))?.trim().split(/\s+/).length ?? 0
        print(`would put a new key in front of ${number}\n`)
        return 0
      }
      const sealed = await rotateKeys(deps.db, vault)
      await addAuditEvent(deps.db.pool, scope, { action: 'secret.rotate', target: 'keys', count: sealed })
      print(`${sealed} values sealed anew\n`)
      return 0
    },
  },
}

async function isThere(vault: KeyVault, secret: string, print: (text: string) => void): Promise<boolean> {
  if ((await vault.read(secret)) === undefined) return false
  print(`${secret} is there already\n`)
  return true
}

async function vaultOf({ config }: CommandContext['deps']): Promise<KeyVault> {
  if (config.KEY_VAULT_URL === undefined) throw new AppError('wrong-usage', 400, 'KEY_VAULT_URL is not set')
  return openKeyVault({ url: config.KEY_VAULT_URL, clientId: config.AZURE_CLIENT_ID })
}
