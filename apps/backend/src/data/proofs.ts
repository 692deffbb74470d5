import type { FixityFault, FixityReport } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { ArchiveScope, Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { noteMended } from './mended.ts'
import { inTransaction } from './transaction.ts'

/** A stored object with what its bytes must be, wherever its row stands. */
export interface ProvableObject {
  place: FixityFault['place']
  blobKey: string
  byteSize: number
  sha256: Buffer
  projectId: number
  studyInstanceUid: string
  sopInstanceUid: string
}

/** The tables that hold keys of stored bytes, each with the way from a row to its inspection. */
const places = {
  current: {
    table: 'instance',
    from: 'instance o join instance i on i.id = o.id join study s on s.id = i.study_id',
    study: 's.study_instance_uid',
    isThere: 'true',
  },
  version: {
    table: 'instance_version',
    // Also of what lies in the bin.
    from: `instance_version o left join instance l on l.id = o.instance_id left join study s on s.id = l.study_id
      left join bin_instance i on l.id is null and i.id = o.instance_id left join deletion d on d.id = i.deletion_id and d.state = 'binned'`,
    study: 'coalesce(s.study_instance_uid, d.study_instance_uid)',
    isThere: '(l.id is not null or d.id is not null)',
  },
  bin: {
    table: 'bin_instance',
    from: `bin_instance o join bin_instance i on i.id = o.id and i.deletion_id = o.deletion_id
      join deletion d on d.id = o.deletion_id and d.state = 'binned'`,
    study: 'd.study_instance_uid',
    isThere: 'true',
  },
  original: {
    table: 'original',
    // By one of the objects made of it: one that everybody sees before one in the bin.
    from: `original o cross join lateral (
      (select l.project_id, l.sop_instance_uid, s.study_instance_uid from original_instance oi
         join instance l on l.id = oi.instance_id join study s on s.id = l.study_id where oi.original_id = o.id order by l.id limit 1)
      union all
      (select b.project_id, b.sop_instance_uid, d.study_instance_uid from original_instance oi
         join bin_instance b on b.id = oi.instance_id join deletion d on d.id = b.deletion_id and d.state = 'binned'
       where oi.original_id = o.id order by b.id limit 1)
      limit 1) i`,
    study: 'i.study_instance_uid',
    isThere: 'true',
  },
} as const

const due = 'coalesce(o.proven_at, o.stored_at)'

/** One select of a place's rows as ProvableObject, with when each is due. */
export function selectOf(place: keyof typeof places): string {
  const { from, study } = places[place]
  const [project, sop] =
    place === 'version'
      ? ['coalesce(l.project_id, i.project_id)', 'coalesce(l.sop_instance_uid, i.sop_instance_uid)']
      : ['i.project_id', 'i.sop_instance_uid']
  return `select '${place}' as place, o.blob_key as "blobKey", o.byte_size as "byteSize", o.sha256, ${project} as "projectId",
    ${study} as "studyInstanceUid", ${sop} as "sopInstanceUid", ${due} as due from ${from}`
}

export const allPlaces = Object.keys(places) as ProvableObject['place'][]

/** Objects that were not looked at for longest; those with a fault once a day. */
export async function listDue(db: Db, _scope: ArchiveScope, limit: number): Promise<ProvableObject[]> {
  const { rows } = await db.pool.query<ProvableObject>(
    `select * from (${allPlaces
      .map(
        (place) => `(${selectOf(place)} where ${places[place].isThere} and not exists (
          select from fixity_fault f where f.blob_key = o.blob_key and f.seen_at > now() - interval '1 day')
        order by ${due} limit $1)`,
      )
      .join(' union all ')}) o order by due limit $1`,
    [limit],
  )
  return rows
}

/** What is kept of an instance with these very bytes: as it is shown, and of versions before corrections. */
export async function listCopies(
  db: Db,
  _scope: ArchiveScope,
  sopInstanceUid: string,
  sha256: Uint8Array,
): Promise<ProvableObject[]> {
  const { rows } = await db.pool.query<ProvableObject>(
    (['current', 'version'] as const)
      .map((place) => `${selectOf(place)} where ${places[place].isThere} and i.sop_instance_uid = $1 and o.sha256 = $2`)
      .join(' union all '),
    [sopInstanceUid, sha256],
  )
  return rows
}

/** Every object of one place whose key comes after `afterKey`, in the order of keys. */
export async function listObjects(
  db: Db,
  _scope: ArchiveScope,
  place: ProvableObject['place'],
  afterKey: string,
  limit: number,
): Promise<ProvableObject[]> {
  const { rows } = await db.pool.query<ProvableObject>(
    `${selectOf(place)} where ${places[place].isThere} and o.blob_key > $1 order by o.blob_key limit $2`,
    [afterKey, limit],
  )
  return rows
}

export interface ArchiveSize {
  objectCount: number
  byteSize: number
}

/** How much there is to be read. */
export async function measureArchive(db: Db, _scope: Scope): Promise<ArchiveSize> {
  const { rows } = await db.pool.query<ArchiveSize>(
    `select sum(objects)::bigint as "objectCount", coalesce(sum(size), 0)::bigint as "byteSize" from (
       select coalesce(sum(instance_count), 0) as objects, sum(byte_size) as size from study
       union all select count(*), sum(byte_size) from instance_version
       union all select count(*), sum(byte_size) from bin_instance
       union all select count(*), sum(byte_size) from original) t`,
  )
  return rows[0] as ArchiveSize
}

/** What was proven in the last 24 hours. */
export async function provenLastDay(db: Db, _scope: Scope): Promise<ArchiveSize> {
  const { rows } = await db.pool.query<ArchiveSize>(
    `select sum(objects)::bigint as "objectCount", coalesce(sum(size), 0)::bigint as "byteSize" from (${allPlaces
      .map(
        (place) => `select count(*) as objects, sum(byte_size) as size from ${places[place].table}
          where coalesce(proven_at, stored_at) > now() - interval '1 day' and proven_at > now() - interval '1 day'`,
      )
      .join(' union all ')}) t`,
  )
  return rows[0] as ArchiveSize
}

/** Rows of a place that can be proven: a fault that stays, or bytes on their way out, are not late. */
const sound = (place: ProvableObject['place']): string =>
  `${places[place].from} where ${places[place].isThere} and not exists (select from fixity_fault f where f.blob_key = o.blob_key)`

/** When the object that waits longest was last looked at; null when nothing is stored. */
export async function oldestDue(db: Db, _scope: Scope): Promise<Date | null> {
  const { rows } = await db.pool.query<{ at: Date | null }>(
    `select least(${allPlaces
      .map((place) => `(select ${due} from ${sound(place)} order by ${due} limit 1)`)
      .join(', ')}) as at`,
  )
  return rows[0]?.at ?? null
}

/** The bytes are those of the hash; a fault that was known of them is over. */
export async function noteProven(db: Db, scope: ArchiveScope, object: ProvableObject): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query(`update ${places[object.place].table} set proven_at = now() where blob_key = $1`, [
      object.blobKey,
    ])
    const { rowCount } = await client.query('delete from fixity_fault where blob_key = $1', [object.blobKey])
    if (rowCount !== 1) return
    await noteMended(client, [object.blobKey])
    await addAuditEvent(client, scope, {
      action: 'archive.fixity',
      projectId: object.projectId,
      studyInstanceUid: object.studyInstanceUid,
      target: object.sopInstanceUid,
      detail: { place: object.place, fault: null, blobKey: object.blobKey },
    })
  })
}

export interface FoundFault {
  fault: FixityFault['fault']
  found: { byteLength?: number; sha256?: string }
}

/** Keeps a fault; false when the object's row has gone meanwhile, or the fault was known. */
export async function noteFault(
  db: Db,
  scope: ArchiveScope,
  object: ProvableObject,
  { fault, found }: FoundFault,
): Promise<boolean> {
  return inTransaction(db, async (client) => {
    const { rowCount: isThere } = await client.query(
      `select from ${places[object.place].table} o ${object.place === 'bin' ? `join deletion d on d.id = o.deletion_id and d.state = 'binned'` : ''}
       where o.blob_key = $1`,
      [object.blobKey],
    )
    if (isThere !== 1) return false
    const expected = { byteLength: object.byteSize, sha256: object.sha256.toString('hex') }
    const { rows } = await client.query<{ isNew: boolean }>(
      `insert into fixity_fault (blob_key, project_id, study_instance_uid, sop_instance_uid, place, fault, expected, found)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (blob_key) do update set seen_at = now(), fault = excluded.fault, found = excluded.found, place = excluded.place
       returning seen_at = found_at as "isNew"`,
      [
        object.blobKey,
        object.projectId,
        object.studyInstanceUid,
        object.sopInstanceUid,
        object.place,
        fault,
        JSON.stringify(expected),
        JSON.stringify(found),
      ],
    )
    if (rows[0]?.isNew !== true) return false
    await addAuditEvent(client, scope, {
      action: 'archive.fixity',
      result: 'failed',
      projectId: object.projectId,
      studyInstanceUid: object.studyInstanceUid,
      target: object.sopInstanceUid,
      detail: { place: object.place, fault, expected, found, blobKey: object.blobKey },
    })
    return true
  })
}

/** Of how many objects the bytes were ever read again and found right. */
async function countProven(db: Db, _scope: Scope): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(
    `select sum(n)::bigint as count from (${allPlaces
      .map((place) => `select count(*) as n from ${places[place].table} where proven_at is not null`)
      .join(' union all ')}) t`,
  )
  return rows[0]?.count ?? 0
}

export const dayMs = 86_400_000
const mostFaults = 500

export async function readFixityReport(db: Db, scope: Scope, periodDays: number): Promise<FixityReport> {
  const [size, provenCount, lastDay, oldest, overdue, faults, counted] = await Promise.all([
    measureArchive(db, scope),
    countProven(db, scope),
    provenLastDay(db, scope),
    oldestDue(db, scope),
    db.pool.query<{ count: number }>(
      `select sum(n)::integer as count from (${allPlaces
        .map(
          (place) =>
            `select count(*) as n from ${sound(place)} and ${due} < now() - make_interval(secs => $1 * 86400.0)`,
        )
        .join(' union all ')}) t`,
      [periodDays],
    ),
    db.pool.query<FixityReport['faults'][number]>(
      `select p.slug as project, f.study_instance_uid as "studyInstanceUid", f.sop_instance_uid as "sopInstanceUid", f.place,
         f.fault, f.blob_key as "blobKey", f.expected ->> 'sha256' as "expectedSha256", f.found ->> 'sha256' as "foundSha256",
         to_json(f.found_at) #>> '{}' as "foundAt", to_json(f.seen_at) #>> '{}' as "seenAt"
       from fixity_fault f join project p on p.id = f.project_id order by f.found_at desc, f.blob_key limit ${mostFaults}`,
    ),
    db.pool.query<{ count: number }>('select count(*)::integer as count from fixity_fault'),
  ])
  return {
    periodDays,
    ...size,
    provenCount,
    overdueCount: overdue.rows[0]?.count ?? 0,
    lastDay,
    oldestAt: oldest?.toISOString() ?? null,
    dueAt: oldest && new Date(oldest.getTime() + periodDays * dayMs).toISOString(),
    faults: faults.rows,
    faultCount: counted.rows[0]?.count ?? 0,
  }
}
