import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { StoreScope } from '../plugins/access.ts'
import { addAuditEvents, type AuditEntry } from './audit.ts'
import { addChanges, type NewChange } from './changes.ts'
import { DeclaredChanged, insertBatch } from './instances.ts'
import type { InsertResult, NewInstance } from './new-instance.ts'
import { forgetDeclared, readDeclared, shareListSql } from './search-attributes.ts'
import { isConnectionFault, isTransient, maxAttempts, sqlState } from './transaction.ts'
import { type Bytes, NotDurable, untilDurable } from './until-durable.ts'

/** Inserts instances; those that arrive while a commit is under way share the next one. */
export interface InstanceWriter {
  /**
   * Resolves once the row is committed or known not to be.
   * @param alongside one statement that commits with the row or, failing, undoes it; sent when the row is new
   * @param durable the bytes: the row is written beside their last flush, and committed behind it
   * @throws whatever `durable` throws; AppError 'database-unavailable' (503) when nothing was committed, 'commit-unknown'
   * (503) when the connection broke while the database was committing
   */
  insert(
    scope: StoreScope,
    row: NewInstance,
    more?: { alongside?: Alongside | undefined; durable?: Promise<unknown> | undefined },
  ): Promise<InsertResult>
  /**
   * Inserts all of the rows in one commit, or none: then it says why, by the first one that is not new.
   * @throws as `insert`
   */
  insertAll(scope: StoreScope, together: RowsTogether): Promise<InsertResult>
}

/** Rows that are all stored or none, with what else belongs to their commit. */
export interface RowsTogether {
  rows: readonly NewInstance[]
  alongside: Alongside
  /** What their event tells besides. */
  detail: object
}

/** Sends its statement at once: the commit travels right behind it. */
export type Alongside = (client: PoolClient) => Promise<unknown>

interface Waiting extends Bytes {
  scope: StoreScope
  row: NewInstance
  alongside: Alongside | undefined
  resolve(result: Outcome): void
  reject(error: unknown): void
}

/** Of a row whose bytes were not durable when all else was ready. */
const notYet = 'not-yet'
type Outcome = InsertResult | typeof notYet

const maxBatch = 128

export function createInstanceWriter(db: Db): InstanceWriter {
  const queue: Waiting[] = []
  let isRunning = false

  const run = async (): Promise<void> => {
    for (let batch = takeBatch(queue); batch.length > 0; batch = takeBatch(queue)) {
      try {
        const results = await commitBatch(db, batch)
        for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Outcome)
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
    }
    isRunning = false
  }

  const enqueue = (row: Pick<Waiting, 'scope' | 'row' | 'alongside' | 'durable'>): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = { ...row, isDurable: row.durable === undefined, resolve, reject }
      row.durable?.then(
        () => {
          waiting.isDurable = true
        },
        () => undefined,
      )
      queue.push(waiting)
      // Requests that became ready in the same turn of the event loop join the first commit.
      if (!isRunning) {
        isRunning = true
        setImmediate(() => void run())
      }
    })

  return {
    async insert(scope, row, { alongside, durable } = {}) {
      const outcome = await enqueue({ scope, row, alongside, durable })
      if (outcome !== notYet) return outcome
      await durable
      return (await enqueue({ scope, row, alongside, durable: undefined })) as InsertResult
    },
    insertAll: (scope, together) => commitTogether(db, scope, together),
  }
}

/** The next rows that one transaction can take: those of callers who may see and add to the same projects. */
function takeBatch(queue: Waiting[]): Waiting[] {
  const rights = ({ scope }: Waiting): string => `${scope.defaultProjectId} ${scope.projectIds.join()}`
  const [first] = queue
  if (!first) return []
  const end = queue.findIndex((waiting) => waiting.scope !== first.scope && rights(waiting) !== rights(first))
  return queue.splice(0, Math.min(end < 0 ? queue.length : end, maxBatch))
}

/** Ends a transaction whose rows are not all new. */
class NotStored extends Error {
  readonly result: InsertResult

  constructor(result: InsertResult) {
    super(result.outcome)
    this.result = result
  }
}

async function commitTogether(db: Db, scope: StoreScope, together: RowsTogether): Promise<InsertResult> {
  const { rows, alongside, detail } = together
  const work = async (client: PoolClient): Promise<void> => {
    const declared = await readDeclared(db, Infinity, client)
    for (let start = 0; start < rows.length; start += maxBatch) {
      const results = await insertBatch(client, scope, rows.slice(start, start + maxBatch), declared)
      const other = results.find(({ outcome }) => outcome !== 'stored')
      if (other) throw new NotStored(other)
    }
  }
  const batch = rows.map((row) => ({ scope, row }))
  const stored = rows.map(() => ({ outcome: 'stored' as const }))
  const [event] = storeEvents(batch, stored)
  const events = event ? [{ scope, entry: { ...event.entry, detail: { ...event.entry.detail, ...detail } } }] : []
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inTransaction(db, work, (client) =>
        Promise.all([
          alongside(client),
          addAuditEvents(client, events),
          addChanges(client, storeChanges(batch, stored)),
        ]),
      )
      return { outcome: 'stored' }
    } catch (error) {
      if (error instanceof NotStored) return error.result
      if (mayTryAgain(db, error) && attempt < maxAttempts) continue
      if (!isRowsFault(error)) throw error
      return { outcome: 'failed', error }
    }
  }
}

/** Rolled back, by no fault of the rows. */
function mayTryAgain(db: Db, error: unknown): boolean {
  if (error instanceof DeclaredChanged) forgetDeclared(db)
  return error instanceof DeclaredChanged || isTransient(error)
}

/** Data exception, constraint, too large. */
const isRowsFault = (error: unknown): boolean => /^(22|23|54)...$/.test(sqlState(error) ?? '')

/** The rows whose bytes are durable by now; the others come again, or not at all, and touch none of these. */
async function commitDurable(db: Db, batch: readonly Waiting[]): Promise<Outcome[]> {
  const ready = batch.filter(({ isDurable }) => isDurable)
  const results = ready.length === 0 ? [] : await commitBatch(db, ready)
  return batch.map((waiting) => results[ready.indexOf(waiting)] ?? notYet)
}

/** One transaction for the batch; when a row cannot be inserted the halves are tried, until it fails alone. */
async function commitBatch(db: Db, batch: readonly Waiting[]): Promise<Outcome[]> {
  const [{ scope }] = batch as readonly [Waiting]
  const rows = batch.map((waiting) => waiting.row)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(
        db,
        async (client) => {
          const results = await insertBatch(client, scope, rows, await readDeclared(db, Infinity, client))
          await untilDurable(batch)
          return results
        },
        (client, results) =>
          Promise.all([
            ...batch.map(({ alongside }, index) => results[index]?.outcome === 'stored' && alongside?.(client)),
            addAuditEvents(client, storeEvents(batch, results)),
            addChanges(client, storeChanges(batch, results)),
          ]),
      )
    } catch (error) {
      if (error instanceof NotDurable) return commitDurable(db, batch)
      if (mayTryAgain(db, error) && attempt < maxAttempts) continue
      if (!isRowsFault(error)) throw error
      if (rows.length === 1) return [{ outcome: 'failed', error }]
      const middle = rows.length >> 1
      return [...(await commitBatch(db, batch.slice(0, middle))), ...(await commitBatch(db, batch.slice(middle)))]
    }
  }
}

/** One event for what a request adds to a study by this commit. */
function storeEvents(
  batch: readonly Pick<Waiting, 'scope' | 'row'>[],
  results: readonly InsertResult[],
): { scope: StoreScope; entry: AuditEntry }[] {
  const stored = batch.filter((_, index) => results[index]?.outcome === 'stored')
  const groups = Map.groupBy(stored, ({ scope, row }) => `${scope.requestId} ${row.study.studyInstanceUid}`)
  return [...groups.values()].map((group) => {
    const [{ scope, row }] = group as [Pick<Waiting, 'scope' | 'row'>]
    const { studyInstanceUid, componentName, componentNumber } = row.study
    return {
      scope,
      entry: {
        action: 'image.store',
        studyInstanceUid,
        component: componentName ?? componentNumber,
        count: group.length,
        detail: { instances: group.map((waiting) => waiting.row.sopInstanceUid) },
      },
    }
  })
}

/** One change for what a commit adds to a study. */
function storeChanges(batch: readonly Pick<Waiting, 'row'>[], results: readonly InsertResult[]): NewChange[] {
  const stored = batch.flatMap(({ row }, index) => (results[index]?.outcome === 'stored' ? [row] : []))
  return [...Map.groupBy(stored, (row) => row.study.studyInstanceUid)].map(([studyInstanceUid, rows]) => ({
    kind: 'stored',
    studyInstanceUid,
    detail: { count: rows.length, instances: rows.map((row) => row.sopInstanceUid) },
  }))
}

// A plan made while a table is small would read it whole, and is kept while it grows: every lookup here is by index.
const beginByIndex = `begin; set local enable_seqscan to off; ${shareListSql}`

/** Does the work between begin and commit; no answer at all, or the server's own end, is an AppError. */
async function inTransaction<T>(
  db: Db,
  work: (client: PoolClient) => Promise<T>,
  last: (client: PoolClient, result: T) => Promise<unknown>,
): Promise<T> {
  const client = await db.pool.connect().catch((cause: unknown) => {
    throw unavailable(cause)
  })
  let isCommitting = false
  let isBroken = false
  try {
    // Not awaited: it travels with the first statement, which fails if it does.
    const begun = client.query(beginByIndex)
    begun.catch(() => undefined)
    const result = await work(client)
    await begun
    isCommitting = true
    // The last statement travels with the commit, which undoes everything when that statement failed.
    const [written, committed] = await Promise.allSettled([last(client, result), client.query('commit')])
    if (committed.status === 'rejected') throw committed.reason
    isCommitting = false
    if (written.status === 'rejected') throw written.reason
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      isBroken = true
    })
    if (!isConnectionFault(error)) throw error
    throw isCommitting
      ? new AppError('commit-unknown', 503, 'The database did not say whether it stored this. Send it again.', {
          cause: error,
        })
      : unavailable(error)
  } finally {
    client.release(isBroken)
  }
}

const unavailable = (cause: unknown): AppError =>
  new AppError('database-unavailable', 503, 'The database does not answer at the moment.', { cause })
