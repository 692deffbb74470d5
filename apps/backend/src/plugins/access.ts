import type { Db } from '@instandt/db'
import type { App } from '../deps.ts'
import { AppError } from '../app-error.ts'

declare const scopeBrand: unique symbol

/** Says whose data a query may touch. Only this file makes one, so a query without it does not compile. */
export interface Scope {
  readonly [scopeBrand]: true
  readonly userId: string
  /** Projects the caller may see (database ids). */
  readonly projectIds: readonly number[]
  /** Where an upload without a project goes. */
  readonly defaultProjectId: number
}

/** What a route lets its caller do. `public` routes know no caller and touch no data. */
export type Permission = 'public' | 'read' | 'store'

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: Permission
  }
  interface FastifyRequest {
    /** Throws unless the route's permission was checked; absent on public routes. */
    readonly scope: Scope
  }
}

/** Until sign-in exists there is one built-in local user, and the server listens on loopback only. */
export function localScope(defaultProjectId: number): Scope {
  return { userId: 'local', projectIds: [defaultProjectId], defaultProjectId } as unknown as Scope
}

/** Upkeep of the whole archive, in which a blob belongs to nobody until its row says to whom. */
export interface ArchiveScope extends Scope {
  readonly isWholeArchive: true
}

async function readDefaultProject(db: Db): Promise<number> {
  const { rows } = await db.pool.query<{ id: number }>(`select id from project where slug = 'default'`)
  const project = rows[0]
  if (!project)
    throw new AppError('project-missing', 503, 'The database holds no default project; run the migration job.')
  return project.id
}

/** The scope of jobs and commands that look after the store itself: sweep, reindex. */
export async function readArchiveScope(db: Db): Promise<ArchiveScope> {
  const { rows } = await db.pool.query<{ id: number }>('select id from project')
  const scope = {
    userId: 'archive',
    projectIds: rows.map((row) => row.id),
    defaultProjectId: await readDefaultProject(db),
    isWholeArchive: true,
  }
  return scope as unknown as ArchiveScope
}

const scopes = new WeakMap<object, Scope>()

/** Refused by default: a route without a declared permission ends the start, a request without a scope its query. */
export function addAccess(app: App, db: Db): void {
  let local: Scope | undefined
  app.addHook('onRoute', (route) => {
    if (route.config?.permission === undefined)
      throw new Error(`${String(route.method)} ${route.url} declares no permission`)
  })
  app.decorateRequest('scope', {
    getter() {
      const scope = scopes.get(this)
      if (!scope) throw new AppError('no-scope', 403, 'This request may not touch any data.')
      return scope
    },
  })
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.permission === 'public') return
    local ??= localScope(await readDefaultProject(db))
    scopes.set(request, local)
  })
}
