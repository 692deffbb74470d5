// connect.ts  openDb(options: { connectionString; max?; applicationName? }): Db      closeDb(db)
// schema.ts   Kysely table types of migrations/*.sql
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'

/** One pool, two ways in: Kysely for composed queries, the pool for prepared statements on the hot path. */
export interface Db {
  pool: Pool
  // biome-ignore-like placeholder replaced by schema.ts
  kysely: Kysely<any>
}
