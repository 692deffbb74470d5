import type { AuditAction, AuditEvent, AuditQuery, AuditResult } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { Pool, PoolClient } from 'pg'
import type { Scope } from '../plugins/access.ts'
import { containsPattern } from './search-sql.ts'

/** What is told of one event; who and from where come from the scope. */
export interface AuditEntry {
  action: AuditAction
  result?: AuditResult
  projectId?: number | undefined
  studyInstanceUid?: string
  component?: string | undefined
  target?: string
  count?: number
  detail?: object
}

/** Adds events; given the client of a transaction they stand and fall with its change. */
export async function addAuditEvents(
  client: Pool | PoolClient,
  events: readonly { scope: Scope; entry: AuditEntry }[],
): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'add-audit-events',
    text: `insert into audit_event (actor_kind, actor_id, actor_name, address, request_id, action, result, project,
        study_instance_uid, component, target, count, detail)
      select r.actor_kind, r.actor_id, r.actor_name, r.address, r.request_id, r.action, r.result,
        (select slug from project where id = r.project_id), r.study, r.component, r.target, r.count, r.detail
      from jsonb_to_recordset($1) as r(actor_kind text, actor_id text, actor_name text, address text, request_id text,
        action text, result text, project_id bigint, study text, component text, target text, count integer, detail jsonb)`,
    values: [JSON.stringify(events.map(({ scope, entry }) => auditRow(scope, entry)))],
  })
}

export async function addAuditEvent(client: Pool | PoolClient, scope: Scope, entry: AuditEntry): Promise<void> {
  await addAuditEvents(client, [{ scope, entry }])
}

function auditRow(scope: Scope, entry: AuditEntry): object {
  return {
    actor_kind: scope.actor.kind,
    actor_id: scope.actor.id,
    actor_name: withoutNul(scope.actor.name),
    address: scope.address,
    request_id: scope.requestId,
    action: entry.action,
    result: entry.result ?? 'done',
    project_id: entry.projectId,
    study: entry.studyInstanceUid,
    component: entry.component,
    target: withoutNul(entry.target ?? ''),
    count: entry.count ?? 1,
    detail: entry.detail ?? {},
  }
}

// PostgreSQL takes no NUL in text; names typed by an attacker may hold one.
const withoutNul = (text: string): string => text.replaceAll('\0', '').slice(0, 500)

/** An event of reading one study; false when there is none that the caller may see. */
export async function addReadEvent(
  db: Db,
  scope: Scope,
  action: 'image.view' | 'image.download',
  studyInstanceUid: string,
): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'add-read-event',
    text: `insert into audit_event (actor_kind, actor_id, actor_name, address, request_id, action, result, project,
        study_instance_uid, component)
      select $1, $2, $3, $4, $5, $6, 'done', p.slug, s.study_instance_uid, coalesce(s.component_name, s.component_number)
      from study s join project p on p.id = s.project_id
      where s.project_id = any($7::bigint[]) and s.study_instance_uid = $8`,
    values: [
      scope.actor.kind,
      scope.actor.id,
      scope.actor.name,
      scope.address,
      scope.requestId,
      action,
      scope.projectIds,
      studyInstanceUid,
    ],
  })
  return rowCount === 1
}

const columns = `e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor_kind as "actorKind",
  e.actor_id as "actorId", e.actor_name as "actorName", e.address, e.request_id as "requestId", e.action, e.result, e.project,
  e.study_instance_uid as "studyInstanceUid", e.component, e.target, e.count, e.detail, s.seq as "sealedAs"`

type Filter = Omit<AuditQuery, 'limit' | 'cursor'>

function conditions(filter: Filter): { sql: string[]; values: unknown[] } {
  const sql: string[] = []
  const values: unknown[] = []
  const value = (one: unknown): string => `$${values.push(one)}`
  if (filter.person) sql.push(`lower(e.actor_name) like ${value(containsPattern(filter.person.toLowerCase()))}`)
  if (filter.component) {
    const part = value(containsPattern(filter.component.toLowerCase()))
    sql.push(`(lower(e.component) like ${part} or e.study_instance_uid = ${value(filter.component)})`)
  }
  if (filter.action) sql.push(`e.action like ${value(`${filter.action.replace(/[\\%_]/g, String.raw`\$&`)}%`)}`)
  if (filter.from) sql.push(`e.at >= ${value(filter.from)}::timestamptz`)
  if (filter.to) sql.push(`e.at < ${value(filter.to)}::timestamptz`)
  return { sql, values }
}

const whereOf = (sql: readonly string[]): string => (sql.length === 0 ? '' : `where ${sql.join(' and ')}`)

/** Newest first; one more than asked for tells whether there are more. The route asks for the right to read them. */
export async function searchAudit(db: Db, _scope: Scope, query: AuditQuery): Promise<AuditEvent[]> {
  const { sql, values } = conditions(query)
  if (query.cursor !== undefined) sql.push(`e.id < $${values.push(Number(query.cursor))}`)
  const { rows } = await db.pool.query<AuditEvent>(
    `select ${columns} from audit_event e left join audit_seal s on s.event_id = e.id ${whereOf(sql)}
order by e.id desc limit ${query.limit + 1}`,
    values,
  )
  return rows
}

/** Oldest first, page by page, however many there are. */
export async function* exportAudit(db: Db, _scope: Scope, filter: Filter): AsyncGenerator<AuditEvent> {
  const { sql, values } = conditions(filter)
  const page = values.push(0)
  for (let after = 0; ;) {
    values[page - 1] = after
    const { rows } = await db.pool.query<AuditEvent>(
      `select ${columns} from audit_event e left join audit_seal s on s.event_id = e.id
${whereOf([...sql, `e.id > $${page}`])} order by e.id limit 2000`,
      values,
    )
    yield* rows
    const last = rows.at(-1)
    if (!last) return
    after = last.id
  }
}
