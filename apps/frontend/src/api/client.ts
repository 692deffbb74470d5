import { accountHeader, type Client, createClient } from '@instandt/api'
import { askServer } from './early-answers.ts'

/** The browser's own client: same origin, cookies included. */
export const client = createClient(askServer)

export const headersOf = (account: string | undefined): Record<string, string> =>
  account === undefined ? {} : { [accountHeader]: account }

/** The same for what one person began: refused where another one is signed in by now. */
export const clientOf = (account: string | undefined): Client =>
  createClient((url, init) =>
    askServer(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...headersOf(account) } }),
  )
