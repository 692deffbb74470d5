import type { Db } from '@instandt/db'

/** Ends when a session of this database waits for a lock that another one holds. */
export async function untilBlocked(db: Db): Promise<void> {
  for (let asked = 0; asked < 500; asked += 1) {
    const { rowCount } = await db.pool.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (rowCount) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('nobody waits')
}
