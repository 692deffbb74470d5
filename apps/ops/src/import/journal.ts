import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { OpsError } from '../ops-error.ts'

/** `known`: the server had these bytes; `refused`: it will not have them; `failed`: another run tries again. */
export type EntryState = 'pending' | 'stored' | 'known' | 'refused' | 'skipped' | 'failed'

/** One file or object of the source. */
export interface Entry {
  /** Bytes of a path or address below the source: file names need not be text. */
  path: Uint8Array
  /** Undefined where the source does not say before it is read. */
  byteSize: number | undefined
  /** Hexadecimal; of the bytes that were read. */
  sha256: string | undefined
  sopInstanceUid: string | undefined
  state: EntryState
  reason: string | undefined
  /** When its state was known. */
  at: string | undefined
  /** An upload in parts that was begun. */
  upload: string | undefined
  /** What the last verification found: `confirmed`, or the fault. */
  verified: string | undefined
}

export interface ListedEntry {
  path: Uint8Array
  byteSize?: number | undefined
  /** Another one than before means: bring it again. */
  modified?: number | undefined
  /** Known without reading. */
  settled?: { state: 'skipped' | 'failed'; reason: string } | undefined
}

/** Of the source, still to be listed itself. */
export interface ListedFolder {
  path: Uint8Array
  /** How many things the source says it holds, where it says so. */
  stated?: number | undefined
}

export type Settlement = Pick<Entry, 'path' | 'state'> &
  Partial<Pick<Entry, 'byteSize' | 'sha256' | 'sopInstanceUid' | 'reason'>>

export type Totals = Record<EntryState, { files: number; bytes: number }>

/** What an import has done so far, in a file; survives its process. One process at a time. */
export interface Journal {
  /** Below the source, still to be listed; the first of them. */
  nextFolder(): ListedFolder | undefined
  addFolders(folders: readonly ListedFolder[]): void
  /** What a folder holds, and that it need not be listed again, in one step. */
  noteListing(folder: Uint8Array | undefined, entries: readonly ListedEntry[], folders?: readonly ListedFolder[]): void
  /** From here on listings add what is new, and leave what is known of anything else. */
  keepSettled(): void
  /** What failed before is tried again; `refused` ones only when asked for. */
  reopen(withRefused: boolean): void
  totals(): Totals
  /** Folders that could not be listed to their end: how much lies there nobody knows. */
  unlisted(): number
  /** The next entries in this state behind a path, in the order of their bytes. */
  take(states: readonly EntryState[], after: Uint8Array | undefined, most: number): Entry[]
  settle(settlements: readonly Settlement[]): void
  noteUpload(path: Uint8Array, upload: string, sha256: string): void
  noteVerified(found: readonly { path: Uint8Array; verified: string }[]): void
  all: () => IterableIterator<Entry>
  close(): void
}

/** The entry that tells that a folder could not be listed; gone once it was. */
export const listingOf = (folder: Uint8Array): Uint8Array => Buffer.concat([folder, Buffer.from('/')])
export const isListing = (path: Uint8Array): boolean => path.at(-1) === 0x2f

/** What an import is bound to. */
export interface JournalBinding {
  source: string
  target: string
  /** Slug; empty: not known yet, since nothing is sent. */
  project: string
}

const schema = `
  create table if not exists about (name text primary key, value text not null) without rowid;
  create table if not exists folder (path blob primary key, stated integer) without rowid;
  create table if not exists entry (
    path blob primary key, byte_size integer, modified real, state text not null, sha256 text, sop_instance_uid text,
    reason text, at text, upload text, verified text
  ) without rowid;
  create index if not exists entry_pending on entry (path) where state = 'pending';
`
const version = '2'
const columns = `path, byte_size as byteSize, sha256, sop_instance_uid as sopInstanceUid, state, reason, at, upload, verified`

/**
 * Opens or makes a journal.
 * @throws OpsError when another process has it, when it is none, or when it is of another import
 */
export function openJournal(file: string, binding: JournalBinding): Journal {
  const db = openDatabase(file)
  try {
    bind(db, file, binding)
  } catch (error) {
    db.close()
    throw error
  }
  const statements = new Map<string, StatementSync>()
  const run = (sql: string): StatementSync => {
    const made = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, made)
    return made
  }
  const together = (work: () => void): void => {
    db.exec('begin immediate')
    try {
      work()
      db.exec('commit')
    } catch (error) {
      // Of a full disk it has rolled back by itself.
      if (db.isTransaction) db.exec('rollback')
      throw error
    }
  }
  const addFolders: Journal['addFolders'] = (folders) => {
    const insert = run(`insert into folder (path, stated) values (?, ?)
      on conflict (path) do update set stated = excluded.stated`)
    for (const { path, stated = null } of folders) insert.run(path, stated)
  }
  const now = (): string => new Date().toISOString()
  let isKeeping = false

  return {
    nextFolder() {
      const row = run('select path, stated from folder order by path limit 1').get()
      return row && { path: row['path'] as Uint8Array, stated: (row['stated'] as number | null) ?? undefined }
    },
    addFolders,
    noteListing(folder, entries, folders = []) {
      // A file of another length or time is another one; all else that is known of it stays.
      const insert = run(`insert into entry (path, byte_size, modified, state, reason, at) values (?, ?, ?, ?, ?, ?)
        on conflict (path) do update set byte_size = excluded.byte_size, modified = excluded.modified,
          state = excluded.state, reason = excluded.reason, at = excluded.at, sha256 = null, sop_instance_uid = null,
          upload = null, verified = null
        where (? = 0 or entry.state in ('pending', 'failed')) and (
          excluded.modified is not null and (entry.modified is not excluded.modified or entry.byte_size is not excluded.byte_size)
          or excluded.state <> 'pending' and (entry.state is not excluded.state or entry.reason is not excluded.reason))`)
      together(() => {
        if (folder) {
          run('delete from folder where path = ?').run(folder)
          run('delete from entry where path = ?').run(listingOf(folder))
        }
        for (const { path, byteSize = null, modified = null, settled } of entries)
          insert.run(
            path,
            byteSize,
            modified,
            settled?.state ?? 'pending',
            settled?.reason ?? null,
            settled ? now() : null,
            isKeeping ? 1 : 0,
          )
        addFolders(folders)
      })
    },
    keepSettled() {
      isKeeping = true
    },
    reopen(withRefused) {
      run(`update entry set state = 'pending', reason = null, at = null where state = 'failed'`).run()
      if (withRefused) run(`update entry set state = 'pending', reason = null, at = null where state = 'refused'`).run()
    },
    totals() {
      const none = { files: 0, bytes: 0 }
      const totals: Totals = { pending: none, stored: none, known: none, refused: none, skipped: none, failed: none }
      const rows = run(
        'select state, count(*) as files, coalesce(sum(byte_size), 0) as bytes from entry group by state',
      )
      for (const { state, files, bytes } of rows.all() as { state: EntryState; files: number; bytes: number }[])
        totals[state] = { files, bytes }
      return totals
    },
    unlisted() {
      const count = run(`select count(*) as count from entry where substr(path, -1) = x'2f'`)
      return (count.get() as { count: number }).count
    },
    take(states, after, most) {
      const wanted = states.map((state) => `'${state}'`).join(', ')
      const condition = states.length === 1 ? `state = ${wanted}` : `state in (${wanted})`
      const rows = run(`select ${columns} from entry where ${condition} and path > ? order by path limit ?`)
      return rows.all(after ?? new Uint8Array(0), most).map((row) => toEntry(row))
    },
    settle(settlements) {
      const update = run(`update entry set state = ?, reason = ?, byte_size = coalesce(?, byte_size),
        sha256 = coalesce(?, sha256), sop_instance_uid = coalesce(?, sop_instance_uid), at = ?, upload = null,
        verified = null where path = ?`)
      together(() => {
        for (const { path, state, reason = null, byteSize = null, sha256 = null, sopInstanceUid = null } of settlements)
          update.run(state, reason, byteSize, sha256, sopInstanceUid, now(), path)
      })
    },
    noteUpload(path, upload, sha256) {
      run('update entry set upload = ?, sha256 = ? where path = ?').run(upload, sha256, path)
    },
    noteVerified(found) {
      together(() => {
        for (const { path, verified } of found) run('update entry set verified = ? where path = ?').run(verified, path)
      })
    },
    all: function* () {
      for (const row of run(`select ${columns} from entry order by path`).iterate()) yield toEntry(row)
    },
    close: () => db.close(),
  }
}

const toEntry = (row: object): Entry =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined])) as unknown as Entry

function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file)
    // Alone with it; what is committed survives the process, and after a power cut the file is whole, if a moment older.
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal')
    db.exec(schema)
    return db
  } catch (cause) {
    db?.close()
    const { errcode, message } = cause as { errcode?: number; message: string }
    // SQLITE_BUSY, SQLITE_NOTADB
    if (errcode === 5) throw new OpsError(`another import is at work with the journal ${file}`, 3, { cause })
    if (errcode === 26) throw new OpsError(`${file} is there and is no journal of an import`, 2, { cause })
    throw new OpsError(`the journal ${file} cannot be opened: ${message}`, 2, { cause })
  }
}

/** One journal, one import: entries of two would be taken for each other. */
function bind(db: DatabaseSync, file: string, binding: JournalBinding): void {
  const known = new Map(
    (db.prepare('select name, value from about').all() as { name: string; value: string }[]).map(
      ({ name, value }) => [name, value] as const,
    ),
  )
  const wanted = { version, ...binding }
  if (known.size === 0) {
    const insert = db.prepare('insert into about (name, value) values (?, ?)')
    for (const [name, value] of Object.entries(wanted)) insert.run(name, value)
    return
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (known.get(name) === value) continue
    // The first run that sends names the project, a dry run before it need not.
    if (name === 'project' && value === '') continue
    if (name === 'project' && known.get(name) === '') {
      db.prepare('update about set value = ? where name = ?').run(value, name)
      continue
    }
    throw new OpsError(
      `the journal ${file} is of another import: its ${name} is '${known.get(name) ?? ''}', not '${value}'. Choose another --report, or go on with that one`,
      2,
    )
  }
}
