import { type Db, schemaFault, schemaVersion } from '@instandt/db'
import { AppError } from '../app-error.ts'
import type { App, Deps } from '../deps.ts'

const recheckOkMs = 30_000
const recheckFaultMs = 1_000

/** Knows whether the schema is the one this program needs, and asks again while it is not. */
export function watchSchema(db: Db): () => Promise<string | undefined> {
  let fault: string | undefined
  let goodUntil = 0
  let asking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    fault = schemaFault(await schemaVersion(db))
    goodUntil = Date.now() + (fault === undefined ? recheckOkMs : recheckFaultMs)
  }
  return async () => {
    if (Date.now() >= goodUntil) {
      asking ??= ask().finally(() => {
        asking = undefined
      })
      await asking
    }
    return fault
  }
}

export async function isDatabaseUp(db: Db): Promise<boolean> {
  return db.pool.query('select 1').then(
    () => true,
    () => false,
  )
}

/** Liveness for the platform, readiness with reasons, and 503 for everything else while the schema is too old. */
export function addHealth(app: App, deps: Deps, schemaFaultNow: () => Promise<string | undefined>): void {
  app.get('/health/live', { config: { permission: 'public' } }, async () => ({ status: 'live' }))

  app.get('/health/ready', { config: { permission: 'public' } }, async (_request, reply) => {
    const faults: string[] = []
    if (!(await isDatabaseUp(deps.db))) faults.push('the database does not answer')
    else {
      const fault = await schemaFaultNow()
      if (fault !== undefined) faults.push(fault)
    }
    await deps.blobs.check().catch((error: unknown) => {
      deps.log.warn({ err: error }, 'the blob store does not answer')
      faults.push('the blob store does not answer')
    })
    if (faults.length > 0) return reply.code(503).header('retry-after', 5).send({ status: 'not ready', faults })
    return { status: 'ready' }
  })
}

export function addSchemaGate(app: App, schemaFaultNow: () => Promise<string | undefined>): void {
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.permission === 'public') return
    const fault = await schemaFaultNow()
    if (fault !== undefined) throw new AppError('schema-not-ready', 503, `Not ready: ${fault}.`)
  })
}
