import { createClient } from '@instandt/api'

/** The browser's own client: same origin, cookies included. */
export const client = createClient((url, init) => fetch(url, init))
