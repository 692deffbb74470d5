import { createClient } from '@instandt/api'
import { askServer } from './early-answers.ts'

/** The browser's own client: same origin, cookies included. */
export const client = createClient(askServer)
