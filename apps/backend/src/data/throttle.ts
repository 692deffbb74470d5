import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'

/** Failures that cost nothing yet, and the longest wait; an account's owner is never locked out for longer. */
const limits = { account: { free: 5, maxSeconds: 15 * 60 }, address: { free: 30, maxSeconds: 15 * 60 } } as const
export type ThrottleKind = keyof typeof limits

const keyOf = (kind: ThrottleKind, name: string): string => `${kind}:${name.replaceAll('\0', '').slice(0, 254)}`

/** IPv6 customers own a /64: one address more is no other caller. */
export function addressKey(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  while (tail !== undefined && groups.length < 4) groups.push('0')
  return groups.slice(0, 4).join(':')
}

/** Seconds to wait, over all servers; 0 = go on. */
export async function throttledSeconds(db: Db, _scope: Scope, kind: ThrottleKind, name: string): Promise<number> {
  const { rows } = await db.pool.query<{ seconds: number }>({
    name: 'throttled-seconds',
    text: `select ceil(extract(epoch from blocked_until - now()))::integer as seconds from sign_in_throttle
      where key = $1 and blocked_until > now()`,
    values: [keyOf(kind, name)],
  })
  return rows[0]?.seconds ?? 0
}

/** One failure more; from the free ones on each doubles the wait. Forgotten an hour after the last. */
export async function countFailure(db: Db, _scope: Scope, kind: ThrottleKind, name: string): Promise<void> {
  const { free, maxSeconds } = limits[kind]
  await db.pool.query({
    name: 'count-failure',
    text: `insert into sign_in_throttle as t (key, failures) values ($1, 1)
      on conflict (key) do update set updated_at = now(),
        failures = case when t.updated_at < now() - interval '1 hour' then 1 else least(t.failures, 60) + 1 end,
        blocked_until = case when t.updated_at >= now() - interval '1 hour' and t.failures + 1 >= $2
          then now() + make_interval(secs => least($3, 2 ^ least(t.failures + 1 - $2, 20))) end`,
    values: [keyOf(kind, name), free, maxSeconds],
  })
  await db.pool.query(`delete from sign_in_throttle where updated_at < now() - interval '1 day'`)
}

export async function forgetFailures(db: Db, _scope: Scope, kind: ThrottleKind, name: string): Promise<void> {
  await db.pool.query('delete from sign_in_throttle where key = $1', [keyOf(kind, name)])
}
