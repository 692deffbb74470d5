import type { Db } from '@instandt/db'
import type { Logger } from '@instandt/runtime'
import type { PoolClient } from 'pg'
import type { StoreScope } from '../plugins/access.ts'
import { addAuditEvents, type AuditEntry } from './audit.ts'
import { addChanges, type NewChange } from './changes.ts'
import { inTransaction } from './commit-transaction.ts'
import { createFlushPace } from './flush-pace.ts'
import { DeclaredChanged, insertBatch } from './instances.ts'
import { createKnownSeries, type KnownSeries } from './known-series.ts'
import { type InsertResult, isKept, type NewInstance } from './new-instance.ts'
import { forgetDeclared, readDeclared } from './search-attributes.ts'
import { isTransient, maxAttempts, sqlState } from './transaction.ts'
import { type Bytes, NotDurable, untilDurable } from './until-durable.ts'

/** Inserts instances; those that arrive while a commit is under way share the next one. */
export interface InstanceWriter {
  /**
   * Resolves once the row is committed or known not to be.
   * @param alongside one statement that commits with the row or, failing, undoes it; sent when the bytes are kept
   * @param durable the bytes: the row is written beside their last flush, unless flushes are slow, and committed behind it
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

interface Writer {
  known: KnownSeries
  /** Hears how many rows were undone because of a slow disk. */
  onUndone(rows: number): void
}

/** Of a row whose bytes were not durable when all else was ready. */
const notYet = 'not-yet'
type Outcome = InsertResult | typeof notYet

const maxBatch = 128

/** @param log hears of transactions that were undone because the disk flushes slowly */
export function createInstanceWriter(db: Db, log?: Logger): InstanceWriter {
  const queue: Waiting[] = []
  const pace = createFlushPace()
  const known = createKnownSeries()
  let undone = 0
  let isRunning = false

  const run = async (): Promise<void> => {
    for (let batch = takeBatch(queue); batch.length > 0; batch = takeBatch(queue))
      await settleBatch(db, batch, { known, onUndone })
    isRunning = false
  }
  const onUndone = (rows: number): void => {
    pace.noteUndone()
    undone += 1
    const averageFlushMs = Math.round(pace.averageMs())
    log?.warn({ rows, undone, averageFlushMs }, 'flushes are slow: a commit was undone, rows now wait for their bytes')
  }

  const enqueue = (row: Pick<Waiting, 'scope' | 'row' | 'alongside' | 'durable'>, isAgain = false): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = { ...row, isDurable: row.durable === undefined, resolve, reject }
      row.durable?.then(
        () => {
          waiting.isDurable = true
        },
        () => undefined,
      )
      if (isAgain) queue.unshift(waiting)
      else queue.push(waiting)
      // Requests that became ready in the same turn of the event loop join the first commit.
      if (!isRunning) {
        isRunning = true
        setImmediate(() => void run())
      }
    })

  return {
    async insert(scope, row, { alongside, durable } = {}) {
      const waiting = { scope, row, alongside, durable: undefined }
      if (!durable) return (await enqueue(waiting)) as InsertResult
      const isBeside = !pace.isSlow()
      pace.measure(durable)
      if (isBeside) {
        const outcome = await enqueue({ ...waiting, durable })
        if (outcome !== notYet) return outcome
      }
      await durable
      return (await enqueue(waiting, isBeside)) as InsertResult
    },
    insertAll: (scope, together) => commitTogether(db, scope, together),
  }
}

/**
 * The next rows that one transaction can take: those of callers who may see and add to the same projects. A row that has
 * waited for its own bytes does not wait for those of others.
 */
function takeBatch(queue: Waiting[]): Waiting[] {
  const rights = ({ scope }: Waiting): string => `${scope.defaultProjectId} ${scope.projectIds.join()}`
  const [first] = queue
  if (!first) return []
  const end = queue.findIndex((waiting) => waiting.scope !== first.scope && rights(waiting) !== rights(first))
  const near = queue.splice(0, end < 0 ? queue.length : end)
  const isDue = ({ durable }: Waiting): boolean => (durable === undefined) === (first.durable === undefined)
  const batch = near.filter(isDue).slice(0, maxBatch)
  const taken = new Set(batch)
  queue.unshift(...near.filter((waiting) => !taken.has(waiting)))
  return batch
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
      // Undone with all others: nothing has taken anybody's place.
      if (other) throw new NotStored(isKept(other) ? { outcome: 'already-stored' } : other)
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

/**
 * Tells each row of the batch what became of it. After a failure parts of the batch are tried by themselves, and each is
 * settled by its own transaction: what one has committed, no failure of a later one denies.
 */
async function settleBatch(db: Db, batch: readonly Waiting[], writer: Writer): Promise<void> {
  let results: InsertResult[]
  try {
    results = await commitBatch(db, batch, writer.known)
  } catch (error) {
    if (error instanceof NotDurable && error.isLate) writer.onUndone(batch.length)
    for (const part of partsAfter(error, batch)) await settleBatch(db, part, writer)
    return
  }
  writer.known.add(batch.flatMap(({ row }, index) => (results[index]?.outcome === 'stored' ? [row] : [])))
  for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as InsertResult)
}

/** Settles what cannot be tried again, and returns the rest. */
function partsAfter(error: unknown, batch: readonly Waiting[]): (readonly Waiting[])[] {
  if (error instanceof NotDurable) {
    // The others come again when their bytes are durable, or not at all, and touch none of these.
    for (const waiting of batch) if (!waiting.isDurable) waiting.resolve(notYet)
    const ready = batch.filter(({ isDurable }) => isDurable)
    return ready.length === 0 ? [] : [ready]
  }
  if (isRowsFault(error)) {
    const middle = batch.length >> 1
    if (middle > 0) return [batch.slice(0, middle), batch.slice(middle)]
    for (const waiting of batch) waiting.resolve({ outcome: 'failed', error })
  } else for (const waiting of batch) waiting.reject(error)
  return []
}

/** One transaction for the batch, tried again when it was undone by no fault of the rows. */
async function commitBatch(db: Db, batch: readonly Waiting[], known: KnownSeries): Promise<InsertResult[]> {
  const [{ scope }] = batch as readonly [Waiting]
  const rows = batch.map((waiting) => waiting.row)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(
        db,
        async (client) => {
          const results = await insertBatch(
            client,
            scope,
            rows,
            await readDeclared(db, Infinity, client),
            known.hasAll(rows),
          )
          await untilDurable(batch)
          return results
        },
        (client, results) =>
          Promise.all([
            ...batch.map(({ alongside }, index) => isKept(results[index] as InsertResult) && alongside?.(client)),
            addAuditEvents(client, [...storeEvents(batch, results), ...replaceEvents(batch, results)]),
            addChanges(client, storeChanges(batch, results)),
          ]),
      )
    } catch (error) {
      if (!mayTryAgain(db, error) || attempt === maxAttempts) throw error
      known.forget(rows)
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

/** Bytes that were found damaged are whole again: told as the end of their fault. */
function replaceEvents(
  batch: readonly Pick<Waiting, 'scope' | 'row'>[],
  results: readonly InsertResult[],
): { scope: StoreScope; entry: AuditEntry }[] {
  return batch.flatMap(({ scope, row }, index) => {
    const result = results[index]
    if (result?.outcome !== 'replaced') return []
    const { place, blobKey: replaced, projectId } = result
    return [
      {
        scope,
        entry: {
          action: 'archive.fixity' as const,
          projectId,
          studyInstanceUid: row.study.studyInstanceUid,
          target: row.sopInstanceUid,
          detail: { place, fault: null, blobKey: row.blobKey, replaced },
        },
      },
    ]
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
