// Walks through the front door as people and machines do, and remembers what came of every request.
import assert from 'node:assert/strict'
import { testCaller } from '@instandt/testkit'
import { type Firewall, isPassed, requestHeader } from './firewall.ts'

/** Whatever a person or a password manager thinks of has to pass: nobody reads a password but the hash. */
export const wildPassword = `../$(7);' or 1=1--<b onclick=x>|cat /etc/passwd`
export const admin = { email: 'first@shop.example', password: wildPassword }

export const json = (body: object, method = 'POST'): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})

type Ask = (address: string, init?: RequestInit) => Promise<Response>

export interface Walk {
  scale: 'full' | 'small'
  /** As the web app of the signed-in administrator. */
  ask: Ask
  /** As a machine with a token. */
  send: Ask
  /** The same past the front door, to compare the answers. */
  sendPast: Ask
}

export type Journey = (walk: Walk) => Promise<void>

export interface Visit {
  method: string
  address: string
  status: number
  isPassed: boolean
  /** Name of the request in the firewall's log. */
  id: string
}

let requests = 0

/** One request through the front door. A connection that breaks is an answer too: nothing came to us. */
export async function passThrough(
  firewall: Firewall,
  address: string,
  init: RequestInit = {},
): Promise<Visit & { answer: Response }> {
  requests += 1
  const id = `r${requests}-`
  const headers = { ...(init.headers as Record<string, string> | undefined), [requestHeader]: id }
  const answer = await fetch(`${firewall.url}${address}`, { redirect: 'manual', ...init, headers }).catch(
    () => new Response(null, { status: 502 }),
  )
  await answer.clone().arrayBuffer()
  return { method: init.method ?? 'GET', address, status: answer.status, isPassed: isPassed(answer), id, answer }
}

const browser = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36',
  'accept-language': 'de-DE,de;q=0.9,en;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'sec-fetch-site': 'same-origin',
}

interface Options {
  scale: Walk['scale']
  backend: string
  frontDoorId: string
  /** Until the firewall blocks something for the first time. */
  isUntilBlocked?: boolean
}

/** Signs in, makes every journey, and gives back all requests. */
export async function walkAll(
  firewall: Firewall,
  { scale, backend, frontDoorId, isUntilBlocked = false }: Options,
  journeys: Record<string, Journey>,
): Promise<Visit[]> {
  const visits: Visit[] = []
  const visit = async (
    address: string,
    init: RequestInit = {},
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    const { answer, ...seen } = await passThrough(firewall, address, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
    })
    visits.push(seen)
    return answer
  }
  const people = { ...browser, origin: firewall.url }
  const signIn = await visit('/api/sign-in', json(admin), people)
  if (isPassed(signIn)) assert.equal(signIn.status, 200, 'the administrator signs in')
  const cookie = signIn.headers.getSetCookie().map((one) => one.split(';')[0])
  const walk: Walk = {
    scale,
    ask: (address, init) => visit(address, init, { ...people, cookie: cookie.join('; ') }),
    send: (address, init) => visit(address, init, testCaller),
    sendPast: (address, init) =>
      fetch(`${backend}${address}`, {
        ...init,
        headers: {
          ...testCaller,
          'x-azure-fdid': frontDoorId,
          ...(init?.headers as Record<string, string> | undefined),
        },
      }),
  }
  for (const [name, journey] of Object.entries(journeys)) {
    if (isUntilBlocked && visits.some((one) => !one.isPassed)) break
    const before = visits.length
    try {
      await journey(walk)
    } catch (error) {
      // Whoever was held up at the door cannot go on; else it is a fault of the rehearsal.
      if (visits.slice(before).every((one) => one.isPassed)) throw new Error(`journey '${name}'`, { cause: error })
    }
  }
  return visits
}

/** Requests that the firewall kept, each with its rules. */
export async function blockedOf(firewall: Firewall, visits: Visit[]): Promise<string[]> {
  const blocked = visits.filter((one) => !one.isPassed)
  return Promise.all(
    blocked.map(async ({ method, address, status, id }) => {
      const rules = await firewall.rulesOf(id)
      return `${method} ${address.slice(0, 100)}: ${status}, ${rules.join(' | ') || 'no rule'}`
    }),
  )
}
