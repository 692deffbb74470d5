import { newTokenSchema } from '@instandt/api'
import { AppError } from '../app-error.ts'
import type { Command, CommandContext } from '../commands.ts'
import { findLocalAccount } from '../data/accounts.ts'
import { createToken } from '../data/api-tokens.ts'
import { addPasswordReset } from '../data/links.ts'
import { linkAddress } from '../identity/addresses.ts'
import { newApiToken, newSecret } from '../identity/tokens.ts'

/** For whoever has the machine: a way in for others, and back in for oneself. */
export const identityCommands: Record<string, Command> = {
  'token create': {
    help: `  token create     makes a machine's token and prints it, this once
    --name NAME        what it is for
    --role ROLE        sender (store only), reader or follower (changes only); or a person's role (sender)
    --project SLUG     several separated by commas (default)
    --days N           until it ends; 0 = never (365)`,
    options: {
      name: { type: 'string' },
      role: { type: 'string', default: 'sender' },
      project: { type: 'string', default: 'default' },
      days: { type: 'string', default: '365' },
    },
    async run({ deps, scope, values, print }) {
      const days = Number(values['days'])
      const wanted = newTokenSchema.safeParse({
        name: values['name'],
        role: values['role'],
        projects: text(values, 'project').split(','),
        expiresInDays: days === 0 ? null : days,
      })
      if (!wanted.success) {
        const words = wanted.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        throw new AppError('wrong-usage', 400, words.join('; '))
      }
      const secret = newApiToken()
      await createToken(deps.db, scope, secret, wanted.data)
      print(`${secret}\n`)
      return 0
    },
  },
  'account reset-password': {
    help: `  account reset-password    prints a link at which the account's owner sets a new password
    --email ADDRESS
    --url URL          where this installation is reached (http://127.0.0.1:8080, or PUBLIC_URL)`,
    options: { email: { type: 'string' }, url: { type: 'string' } },
    async run({ deps, scope, values, print }) {
      const account = await findLocalAccount(deps.db, scope, text(values, 'email').trim().toLowerCase())
      if (!account) throw new AppError('user-not-found', 404, 'There is no local account with this e-mail.')
      const secret = newSecret()
      await addPasswordReset(deps.db, scope, account, secret)
      const origin = values['url'] ?? deps.config.PUBLIC_URL ?? `http://127.0.0.1:${deps.config.PORT}`
      print(`${linkAddress(String(origin), 'password-reset', secret)}\n`)
      return 0
    },
  },
}

function text(values: CommandContext['values'], name: string): string {
  const value = values[name]
  if (typeof value !== 'string' || value === '') throw new AppError('wrong-usage', 400, `--${name} is missing`)
  return value
}
