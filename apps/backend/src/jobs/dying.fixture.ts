// For tests: a process that dies at a chosen step. Database and store are the real ones; from that step on nothing of this
// process reaches them any more, and its connections break, as after SIGKILL.
import assert from 'node:assert/strict'
import { type Db, openDb } from '@instandt/db'
import type pg from 'pg'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { TestBackend } from '../test-backend.fixture.ts'
import { blobKeys } from '../upload/upload.fixture.ts'
import { sweepOrphans } from './sweep-orphans.ts'

export class Killed extends Error {
  constructor() {
    super('the process was killed')
    this.name = 'Killed'
  }
}

export interface DyingProcess {
  deps: Deps
  /** Whether the chosen step was reached. */
  isDead(): boolean
  /** What the process last began to do, for the words of a failing test. */
  lastStep(): string
  stop(): Promise<void>
}

/**
 * @param killAt the step, from 1: a statement sent to the database, a call of the store, a chunk read from it
 * @param moment `before`: the step is not taken; `after`: it is, and nobody hears of it
 */
export function startDying(
  original: Deps,
  databaseUrl: string,
  killAt: number,
  moment: 'before' | 'after',
): DyingProcess {
  let steps = 0
  let isDead = false
  let last = ''
  const db: Db = openDb({ connectionString: databaseUrl, applicationName: 'dying' })
  db.pool.on('error', () => undefined)

  const die = (): never => {
    isDead = true
    for (const client of clients)
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    throw new Killed()
  }
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Killed()
    steps += 1
    last = `step ${steps}, ${name}`
    if (steps !== killAt) return work()
    if (moment === 'after') await work().catch(() => undefined)
    return die()
  }

  const clients = new Set<pg.Client>()
  db.pool.on('connect', (client) => {
    clients.add(client)
    client.on('error', () => undefined)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    const words = (first: unknown): string => {
      const text = typeof first === 'string' ? first : String((first as { text?: string }).text)
      return text.replaceAll(/\s+/g, ' ').slice(0, 60)
    }
    // Statements of the pool itself call back; those of the program are promises.
    client.query = ((...args: unknown[]) => {
      const callback = args.at(-1)
      if (typeof callback !== 'function') return step(words(args[0]), () => query(...args) as Promise<unknown>)
      const done = callback as (error: unknown, result?: unknown) => void
      const send = (): Promise<unknown> =>
        new Promise((resolve, reject) => {
          query(...args.slice(0, -1), (error: unknown, result: unknown) =>
            error ? reject(error as Error) : resolve(result),
          )
        })
      void (async () => {
        const [sent] = await Promise.allSettled([step(words(args[0]), send)])
        if (sent.status === 'fulfilled') done(null, sent.value)
        else done(sent.reason)
      })()
      return undefined
    }) as typeof client.query
  })

  const blobs = new Proxy(original.blobs, {
    get(store, name: keyof BlobStore) {
      const method = store[name] as (...args: unknown[]) => unknown
      if (name === 'list') return method.bind(store)
      if (name !== 'read')
        return (...args: unknown[]) => step(name, () => method.apply(store, args) as Promise<unknown>)
      return async (...args: Parameters<BlobStore['read']>) => {
        const body = await step('read', () => store.read(...args))
        return (async function* () {
          for await (const chunk of body) yield await step('chunk', () => Promise.resolve(chunk))
        })()
      }
    },
  })

  return {
    deps: { ...original, db, blobs },
    isDead: () => isDead,
    lastStep: () => last,
    async stop() {
      await db.pool.end().catch(() => undefined)
    },
  }
}

export type Round = (process: DyingProcess, number: number) => Promise<void>

/** Does the work in a process that dies at its first step, then in one that dies at its second, and so on to the end. */
export async function dieAtEachStep(backend: TestBackend, moment: 'before' | 'after', round: Round): Promise<number> {
  for (let number = 1; number < 200; number += 1) {
    const process = startDying(backend.deps, backend.database.appUrl, number, moment)
    try {
      await round(process, number)
      if (!process.isDead()) return number - 1
    } finally {
      await process.stop()
    }
  }
  throw new Error('the work has no end')
}

/** Nothing in the store but what a row refers to, once the sweep has been. */
export async function noOrphans(backend: TestBackend): Promise<void> {
  const scope = await readArchiveScope(backend.db)
  await sweepOrphans(backend.deps, scope, { graceHours: 0, quarantineDays: 0 })
  await sweepOrphans(backend.deps, scope, { graceHours: 0, quarantineDays: 0, now: new Date(Date.now() + 86_400_000) })
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from instance union all select blob_key from original order by 1',
  )
  assert.deepEqual(
    (await blobKeys(backend)).filter((key) => !key.startsWith('staged/')),
    rows.map((row) => row.blob_key),
  )
}
