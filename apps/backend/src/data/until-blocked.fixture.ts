import type { Db } from '@instandt/db'

/** Ends when so many sessions of this database wait for a lock that another one holds. */
export async function untilBlocked(db: Db, sessions = 1): Promise<void> {
  for (let asked = 0; asked < 500; asked += 1) {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if ((rowCount ?? 0) >= sessions) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`fewer than ${sessions} sessions wait`)
}
