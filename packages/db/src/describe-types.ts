import type { Pool } from 'pg'

interface Column {
  table: string
  column: string
  type: string
  isNullable: boolean
  isGenerated: boolean
  hasDefault: boolean
}

/** TypeScript of a column as it is read, and as it is written where that differs. */
const typescriptTypes: Record<string, string | [read: string, written: string]> = {
  text: 'string',
  uuid: 'string',
  boolean: 'boolean',
  smallint: 'number',
  integer: 'number',
  bigint: 'number',
  real: 'number',
  'double precision': 'number',
  numeric: 'string',
  bytea: 'Buffer',
  date: 'string',
  'timestamp with time zone': ['Date', 'Date | string'],
  // Given as text: node-postgres would write a JavaScript array as an array of PostgreSQL.
  jsonb: ['unknown', 'string'],
}

/**
 * Kysely's types of every table in schema public, and the number of the newest migration.
 * @throws on a column type that has no TypeScript type here yet
 */
export async function describeTypes(pool: Pool, newestMigration: number): Promise<string> {
  const { rows } = await pool.query<Column>(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type, not a.attnotnull as "isNullable",
            a.attidentity = 'a' or a.attgenerated <> '' as "isGenerated", a.atthasdef or a.attidentity <> '' as "hasDefault"
       from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      order by c.relname, a.attnum`,
  )
  const tables = Map.groupBy(rows, (row) => row.table)
  const lines = [
    '// Written by `npm run db:dump` from the migrated database; never edited by hand.',
    "import type { ColumnType, Generated, GeneratedAlways } from 'kysely'",
    '',
    '/** The schema this program was written for; readiness compares it with the database. */',
    `export const requiredSchemaVersion = ${newestMigration}`,
    '',
  ]
  for (const [table, columns] of tables) {
    lines.push(
      `export interface ${typeName(table)} {`,
      ...columns.map((one) => `  ${one.column}: ${columnType(one)}`),
      '}',
      '',
    )
  }
  lines.push('export interface Schema {', ...[...tables.keys()].map((name) => `  ${name}: ${typeName(name)}`), '}', '')
  return lines.join('\n')
}

/** `schema_migration` → `SchemaMigrationTable`. */
function typeName(table: string): string {
  return `${table.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Table`
}

function columnType({ table, column, type, isNullable, isGenerated, hasDefault }: Column): string {
  const isArray = type.endsWith('[]')
  const known = typescriptTypes[isArray ? type.slice(0, -2) : type]
  if (known === undefined) throw new Error(`${table}.${column}: no TypeScript type for ${type} yet`)
  const [read, written] = typeof known === 'string' ? [known, known] : known
  const form = (base: string): string => {
    const one = isArray ? (base.includes(' ') ? `(${base})[]` : `${base}[]`) : base
    return isNullable && one !== 'unknown' ? `${one} | null` : one
  }
  if (isGenerated) return `GeneratedAlways<${form(read)}>`
  if (read === written) return hasDefault ? `Generated<${form(read)}>` : form(read)
  return `ColumnType<${form(read)}, ${form(written)}${hasDefault || isNullable ? ' | undefined' : ''}, ${form(written)}>`
}
