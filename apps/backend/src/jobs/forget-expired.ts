import { forgetCheckSums } from '../data/check-sums.ts'
import { forgetSelections } from '../data/downloads.ts'
import { forgetDeliveries } from '../data/webhook-deliveries.ts'
import type { Deps } from '../deps.ts'
import type { ArchiveScope } from '../plugins/access.ts'

/** Removes what is over and proves nothing: sessions, links, counts of failures, choices and check sums of downloads, deliveries. */
export async function forgetExpired({ db }: Pick<Deps, 'db'>, _scope: ArchiveScope): Promise<number> {
  let count = 0
  for (const sql of [
    `delete from session where expires_at < now() - interval '1 day'`,
    'delete from one_time_link where expires_at < now()',
    forgetSelections,
    forgetCheckSums,
    forgetDeliveries,
    `delete from sign_in_throttle where updated_at < now() - interval '1 day'`,
  ]) {
    const { rowCount } = await db.pool.query(sql)
    count += rowCount ?? 0
  }
  return count
}
