import type { Client } from 'pg'

/** Schemas the backend works in; the second is the job queue's. */
const schemas = ['public', 'graphile_worker']

/** The migrations' own table: read for readiness, written by the job alone. */
const readOnlyTables = new Set(['schema_migration', 'migrations'])

/** What happened stays as it was written: the backend adds, nobody changes. */
const appendOnlyTables = new Set(['audit_event', 'audit_seal'])

/**
 * Makes the backend's role when it is missing. Roles belong to the whole server, so two databases migrated at once may
 * both try: the second one finds it done.
 */
export async function ensureAppRole(client: Client, role: string, password: string | undefined): Promise<void> {
  const quoted = client.escapeIdentifier(role)
  const known = await client.query('select 1 from pg_roles where rolname = $1', [role])
  if (known.rowCount === 0) {
    try {
      await client.query(`create role ${quoted} login nosuperuser nocreatedb nocreaterole noreplication`)
    } catch (error) {
      if (!isRaceOfRoles(error)) throw error
    }
  }
  if (password !== undefined) {
    try {
      await client.query(`alter role ${quoted} password ${client.escapeLiteral(password)}`)
    } catch (error) {
      if (!isRaceOfRoles(error)) throw error
    }
  }
}

/** duplicate_object, unique_violation, and "tuple concurrently updated" (internal_error). */
function isRaceOfRoles(error: unknown): boolean {
  return ['42710', '23505', 'XX000'].includes((error as { code?: string }).code ?? '')
}

/**
 * Gives the role exactly what the backend needs: rows of every table, sequences, functions; no DDL anywhere, temporary
 * tables included. Runs after every migration, so new tables are covered, and takes back what is no longer meant.
 */
export async function grantAppRole(client: Client, role: string): Promise<void> {
  const app = client.escapeIdentifier(role)
  const { rows } = await client.query<{ name: string }>('select current_database() as name')
  const database = client.escapeIdentifier(rows[0]?.name ?? '')
  const statements = [
    `revoke all on database ${database} from public`,
    `revoke all on database ${database} from ${app}`,
    `grant connect on database ${database} to ${app}`,
    'revoke create on schema public from public',
  ]
  for (const schema of schemas) {
    statements.push(
      `revoke all on schema ${schema} from ${app}`,
      `grant usage on schema ${schema} to ${app}`,
      `revoke all on all tables in schema ${schema} from ${app}`,
      `revoke all on all sequences in schema ${schema} from ${app}`,
      `grant usage on all sequences in schema ${schema} to ${app}`,
      `grant execute on all functions in schema ${schema} to ${app}`,
    )
  }
  for (const statement of statements) await client.query(statement)

  const tables = await client.query<{
    schema: string
    name: string
    hasRowSecurity: boolean
    hasPolicy: boolean
    hasRightPolicy: boolean
  }>(
    `select n.nspname as schema, c.relname as name, c.relrowsecurity as "hasRowSecurity",
            exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'instandt_app') as "hasPolicy",
            exists (select from pg_policy p join pg_roles r on p.polroles = array[r.oid]
                     where p.polrelid = c.oid and p.polname = 'instandt_app' and r.rolname = $2) as "hasRightPolicy"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'm')
      order by 1, 2`,
    [schemas, role],
  )
  for (const table of tables.rows) {
    const name = `${client.escapeIdentifier(table.schema)}.${client.escapeIdentifier(table.name)}`
    const rights = readOnlyTables.has(table.name)
      ? 'select'
      : appendOnlyTables.has(table.name)
        ? 'select, insert'
        : 'select, insert, update, delete'
    await client.query(`grant ${rights} on ${name} to ${app}`)
    // The queue's tables have row security without a policy: without one the role would see an empty queue.
    // Only when it is not there yet: a policy's making locks out every worker.
    if (table.hasRowSecurity && !table.hasRightPolicy) {
      if (table.hasPolicy) await client.query(`drop policy instandt_app on ${name}`)
      await client.query(`create policy instandt_app on ${name} to ${app} using (true) with check (true)`)
    }
  }
}
