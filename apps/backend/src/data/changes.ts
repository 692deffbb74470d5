import type { Change, ChangeKind } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { Pool, PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { ArchiveScope, Scope } from '../plugins/access.ts'
import { inTransaction } from './transaction.ts'

/** What happened to a study that is there: its project, component and order are those of its row. */
export interface NewChange {
  kind: ChangeKind
  studyInstanceUid: string
  detail: object
}

/** So many instances are named at most: a receiver takes no message of any size, and an event is to be read. */
export const mostNamed = 1000

/** The instances that a change is of, with a mark when there are more than it names. */
export const namedInstances = (uids: readonly string[]): { instances: string[]; isCut?: true } => ({
  instances: uids.slice(0, mostNamed),
  ...(uids.length > mostNamed ? { isCut: true } : {}),
})

/** Adds changes inside the transaction that makes them; it holds the lock on their studies. */
export async function addChanges(client: PoolClient, changes: readonly NewChange[]): Promise<void> {
  if (changes.length === 0) return
  await client.query({
    name: 'add-changes',
    text: `insert into change (project_id, kind, study_instance_uid, component_number, component_name, order_number, detail)
      select s.project_id, r.kind, r."studyInstanceUid", s.component_number, s.component_name, s.accession_number, r.detail
      from jsonb_to_recordset($1) as r(kind text, "studyInstanceUid" text, detail jsonb)
      cross join lateral (
        select project_id, component_number, component_name, accession_number from study
        where study_instance_uid = r."studyInstanceUid" offset 0
      ) s`,
    values: [JSON.stringify(changes)],
  })
}

/** The same for a study whose row is gone. */
export async function addFarewell(
  client: PoolClient,
  change: NewChange & { projectId: number; componentNumber: unknown; componentName: unknown; orderNumber: unknown },
): Promise<void> {
  await client.query(
    `insert into change (project_id, kind, study_instance_uid, component_number, component_name, order_number, detail)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      change.projectId,
      change.kind,
      change.studyInstanceUid,
      change.componentNumber,
      change.componentName,
      change.orderNumber,
      JSON.stringify(change.detail),
    ],
  )
}

const placesAtOnce = 5000

/**
 * Gives committed changes their places. Changes of one study are written under its lock, so their ids ascend in the order
 * of their commits, and who sees a later one sees the earlier; between studies any order is true. A transaction that
 * commits late gets later places: nobody waits for it, nobody misses it.
 */
export async function placeChanges(db: Db): Promise<void> {
  for (let placed = placesAtOnce; placed === placesAtOnce;) {
    const { rows } = await db.pool.query<{ is: boolean }>({
      name: 'has-unplaced-changes',
      text: 'select exists (select from change where position is null) as is',
    })
    if (rows[0]?.is !== true) return
    placed = await inTransaction(db, async (client) => {
      // One at a time; the next statement sees all that the one before has placed.
      await client.query('select from change_place for update')
      const { rows: counted } = await client.query<{ count: number }>({
        name: 'place-changes',
        text: `with fresh as (
            select id, row_number() over (order by id) + (select given from change_place) as position
            from (select id from change where position is null order by id limit ${placesAtOnce}) unplaced
          ), placed as (
            update change set position = fresh.position from fresh where change.id = fresh.id returning change.position
          ), moved as (
            update change_place set given = (select max(position) from placed) where exists (select from placed)
          ) select count(*)::integer as count from placed`,
      })
      return counted[0]?.count ?? 0
    })
  }
}

// A page ends early when what its changes tell is more than this; one change is always told.
const maxPageBytes = 2 ** 20

export interface ChangesAsked {
  /** Without it from the oldest that is kept. */
  after: number | undefined
  kinds?: readonly string[] | undefined
  limit: number
}

export interface ChangesFound {
  items: Change[]
  /** Everything up to here was looked at. */
  next: number
  hasMore: boolean
}

interface Places {
  given: number
  removed: number
}

export async function readPlaces(client: Pool | PoolClient): Promise<Places> {
  const { rows } = await client.query<Places>('select given, removed from change_place')
  return rows[0] as Places
}

/**
 * Changes of the scope's projects in the order of the feed.
 * @throws AppError 'cursor-expired' (410) when some of them are not kept any more
 */
export async function readChanges(db: Db, scope: Scope, asked: ChangesAsked): Promise<ChangesFound> {
  await placeChanges(db)
  // First how far the feed goes: what gets its place meanwhile is for the next one who asks.
  const { given, removed } = await readPlaces(db.pool)
  const after = asked.after ?? removed
  if (after < removed) {
    throw new AppError(
      'cursor-expired',
      410,
      `Changes up to ${removed} are not kept any more: compare everything once, then go on after ${given}.`,
    )
  }
  if (after > given) throw new AppError('malformed-cursor', 400, `The feed ends at ${given}.`)
  const { rows } = await db.pool.query<Change & { found: number }>({
    name: 'read-changes',
    text: `select c.position, c.kind, to_json(c.at) #>> '{}' as at, p.slug as project, c.study_instance_uid as "studyInstanceUid",
        c.component_number as "componentNumber", c.component_name as "componentName", c.order_number as "orderNumber", c.detail, c.found
      from (
        select *, count(*) over ()::integer as found, sum(octet_length(detail::text)) over (order by position) as bytes from (
          select * from change where project_id = any($1::bigint[]) and position > $2 and position <= $3
            and ($4::text[] is null or kind = any($4)) order by position limit $5
        ) asked
      ) c join project p on p.id = c.project_id
      where c.bytes - octet_length(c.detail::text) < ${maxPageBytes} order by c.position`,
    values: [scope.projectIds, after, given, asked.kinds ?? null, asked.limit + 1],
  })
  let found = 0
  const items = rows.slice(0, asked.limit).map(({ found: all, ...change }) => {
    found = all
    return change
  })
  const hasMore = found > items.length
  return { items, hasMore, next: hasMore ? (items.at(-1)?.position ?? given) : given }
}

// A change bears the moment its transaction began, and is told when it has ended: whoever asks since a moment in between means it,
// too. Told twice is allowed, not at all is not.
const margin = "interval '2 minutes'"
// What began so long before a moment stands before all that is told of it, however late its transaction ended.
const longest = "interval '1 hour'"

/**
 * The place in the feed behind which everything of a project stands that happened at a moment or later, and a little before.
 * @throws AppError 'cursor-expired' (410) when what happened then is not kept any more
 */
export async function placeBefore(client: PoolClient, projectId: number, since: string): Promise<number> {
  const { rows: kept } = await client.query<{ given: number; isWhole: boolean }>(
    `select given, removed = 0 or coalesce(aged_place = removed and aged_at < $1::timestamptz - ${margin}, false)
       or coalesce((select at from change where position > removed order by position limit 1) < $1::timestamptz - ${margin}, false)
       as "isWhole" from change_place`,
    [since],
  )
  if (kept[0]?.isWhole !== true)
    throw new AppError(
      'cursor-expired',
      410,
      `Not all changes since ${since} are kept any more: choose a later moment.`,
    )
  // From the end backwards by the index: no more is read than is told again, and an hour.
  const { rows } = await client.query<{ position: number }>(
    `select position from change where project_id = $1 and at >= $2::timestamptz - ${margin}
       and position > coalesce((select position from change where project_id = $1 and position is not null
         and at < $2::timestamptz - ${longest} order by position desc limit 1), 0)
     order by position limit 1`,
    [projectId, since],
  )
  return rows[0] ? rows[0].position - 1 : kept[0].given
}

/** Where the feed ends at the moment. */
export async function lastPlace(db: Db): Promise<number> {
  await placeChanges(db)
  return (await readPlaces(db.pool)).given
}

/** Forgets changes older than so many days, but for those that a webhook in force still has to tell. */
export async function forgetChanges(db: Db, _scope: ArchiveScope, keepDays: number): Promise<number> {
  await placeChanges(db)
  return inTransaction(db, async (client) => {
    // `least` passes over null: without anything old it would be the place of the slowest webhook.
    const { rows } = await client.query<{ until: number }>(
      `select least(aged.until, (select min(position) from webhook where state = 'active')) as until
       from (
         select max(position) as until from change
         where at < now() - make_interval(days => $1) and position is not null
       ) aged where aged.until is not null`,
      [keepDays],
    )
    if (!rows[0]) return 0
    const { until } = rows[0]
    const { rows: gone } = await client.query<{ count: number }>(
      `with gone as (delete from change where position <= $1 returning at)
       update change_place set removed = greatest(removed, $1), aged_place = greatest(removed, $1),
         aged_at = greatest(aged_at, (select max(at) from gone)) returning (select count(*)::integer from gone) as count`,
      [until],
    )
    return gone[0]?.count ?? 0
  })
}
