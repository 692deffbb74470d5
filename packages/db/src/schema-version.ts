import type { Db } from './connect.ts'
import { requiredSchemaVersion } from './schema.generated.ts'

export { requiredSchemaVersion }

/** What has been applied: number of the newest migration, and of the newest that older programs cannot live with. */
export interface SchemaVersion {
  version: number
  newestBreaking: number
}

const undefinedTable = '42P01'

/** Reads the state of the schema; 0 when nothing was ever migrated. */
export async function schemaVersion(db: Db): Promise<SchemaVersion> {
  try {
    const { rows } = await db.pool.query<SchemaVersion>(
      `select coalesce(max(number), 0)::int as version,
              coalesce(max(number) filter (where kind = 'breaking'), 0)::int as "newestBreaking"
         from schema_migration`,
    )
    return rows[0] ?? { version: 0, newestBreaking: 0 }
  } catch (error) {
    if ((error as { code?: string }).code === undefinedTable) return { version: 0, newestBreaking: 0 }
    throw error
  }
}

/**
 * Why this program must not work on a schema of this version; undefined when it may. A newer schema is fine as long as
 * every later migration is marked compatible (decision 0021).
 */
export function schemaFault(found: SchemaVersion, required = requiredSchemaVersion): string | undefined {
  if (found.version < required) {
    return `the database schema is at ${found.version}, this program needs ${required}; run the migration job`
  }
  if (found.newestBreaking > required) {
    return `the database schema has breaking migration ${found.newestBreaking}, this program knows ${required} only; update the program`
  }
  return undefined
}
