import {
  accountHeader,
  isAdministrated,
  isAllowed,
  isInstallationPermission,
  isProjectPermission,
  type InstallationPermission,
  type Permission,
  type ProjectPermission,
} from '@instandt/api'
import type { Db } from '@instandt/db'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { addAuditEvent } from '../data/audit.ts'
import type { Caller, ProjectRights } from '../data/callers.ts'
import type { App, Deps } from '../deps.ts'
import { type Credentials, identify } from '../identity/identify.ts'

declare const scopeBrand: unique symbol

/** Who acts, as the audit keeps it. */
export interface Actor {
  readonly kind: Caller['kind'] | 'anonymous' | 'system'
  readonly id: string
  readonly name: string
}

/** Says who asks and whose data a query may touch. Only this file makes one, so a query without it does not compile. */
export interface Scope {
  readonly [scopeBrand]: true
  readonly actor: Actor
  /** Network address the request came from; empty for the program's own work. */
  readonly address: string
  readonly requestId: string
  /** Projects in which the caller may do what the route does (database ids). */
  readonly projectIds: readonly number[]
  /** Where an upload without a project goes; undefined when the caller has to say. */
  readonly defaultProjectId: number | undefined
}

/** A scope that knows where new studies go. */
export interface StoreScope extends Scope {
  readonly defaultProjectId: number
}

/** Upkeep of the whole archive, in which a blob belongs to nobody until its row says to whom. */
export interface ArchiveScope extends StoreScope {
  readonly isWholeArchive: true
}

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: Permission
  }
  interface FastifyRequest {
    /** Throws unless the route's permission was checked; absent on public routes. */
    readonly scope: Scope
    /** Throws on routes that ask for nobody. */
    readonly caller: Caller
  }
}

const makeScope = (scope: Omit<Scope, typeof scopeBrand>): Scope => scope as Scope

async function readDefaultProject(db: Db): Promise<number> {
  const { rows } = await db.pool.query<{ id: number }>(`select id from project where slug = 'default'`)
  const project = rows[0]
  if (!project)
    throw new AppError('project-missing', 503, 'The database holds no default project; run the migration job.')
  return project.id
}

/** A scope as the database keeps it, for a job that works in its name later. */
export type KeptScope = Omit<StoreScope, typeof scopeBrand>

/** The scope of somebody who asked for it earlier; `kept` comes from where only a scope of theirs was written. */
export const scopeAsKept = (kept: KeptScope): StoreScope => makeScope(kept) as StoreScope

/** The scope of the program's own work in some projects. */
export function systemScope(projectIds: readonly number[], defaultProjectId: number, name = 'instandt'): StoreScope {
  const actor = { kind: 'system', id: 'system', name } as const
  return makeScope({ actor, address: '', requestId: '', projectIds, defaultProjectId }) as StoreScope
}

/** The scope of jobs, and of commands of whoever has the machine. */
export async function readArchiveScope(db: Db, name?: string): Promise<ArchiveScope> {
  const { rows } = await db.pool.query<{ id: number }>('select id from project')
  const scope = systemScope(
    rows.map((row) => row.id),
    await readDefaultProject(db),
    name,
  )
  return { ...scope, isWholeArchive: true } as ArchiveScope
}

/** The same caller in one of the projects alone; in none when the scope does not hold it. */
export const onlyIn = (scope: Scope, projectId: number): Scope =>
  makeScope({ ...scope, projectIds: scope.projectIds.filter((id) => id === projectId) })

/** The same caller in every project: for routes that ask for `manage-archive`, and show no image. */
export async function everywhere(db: Db, scope: Scope): Promise<Scope> {
  const { rows } = await db.pool.query<{ id: number }>('select id from project')
  return makeScope({ ...scope, projectIds: rows.map((row) => row.id) })
}

/** @throws AppError 'project-needed' naming the choice */
export function requireDefaultProject(request: FastifyRequest): StoreScope {
  const { scope, caller } = request
  if (scope.defaultProjectId !== undefined) return scope as StoreScope
  const slugs = caller.projects.filter((one) => scope.projectIds.includes(one.id)).map((one) => one.slug)
  throw new AppError(
    'project-needed',
    400,
    `Name the project, one of ${slugs.join(', ')}: /dicom-web/projects/{project}/studies, or project of an upload.`,
  )
}

/**
 * Where an upload may go: into the project it names, else as `requireDefaultProject` says.
 * @throws AppError 'project-not-found', 'forbidden', 'project-needed'
 */
export function storeScopeIn(request: FastifyRequest, slug: string | undefined): StoreScope {
  if (slug === undefined) return requireDefaultProject(request)
  const { caller } = request
  const allowed = caller.projects.filter((one) => one.permissions.includes('store'))
  return scopeFor(request, caller, within(caller.projects, allowed, slug)) as StoreScope
}

/** The caller's scope in every project where one of these is allowed. */
export function scopeWhereAny(request: FastifyRequest, permissions: readonly ProjectPermission[]): Scope {
  const { caller } = request
  return scopeFor(
    request,
    caller,
    caller.projects.filter((one) => permissions.some((permission) => one.permissions.includes(permission))),
  )
}

const scopes = new WeakMap<object, Scope>()
const callers = new WeakMap<object, Caller>()

/** The caller of a request that has one already; for limits and logs. */
export const callerOf = (request: FastifyRequest): Caller | undefined => callers.get(request)

const anonymous = { kind: 'anonymous', id: '', name: '' } as const

const anonymousScope = (request: FastifyRequest, name = ''): Scope =>
  makeScope({
    actor: { ...anonymous, name: name.slice(0, 254) },
    address: request.clientAddress,
    requestId: request.id,
    projectIds: [],
    defaultProjectId: undefined,
  })

/** The scope of somebody who says to be `name`, or has just proven to be: for the audit of signing in. */
export function signInScope(
  request: FastifyRequest,
  name: string,
  account?: { id: string; kind: 'local' | 'entra' },
): Scope {
  const scope = anonymousScope(request, name)
  return account ? makeScope({ ...scope, actor: { ...account, name: name.slice(0, 254) } }) : scope
}

export interface DeclaredRoute {
  method: string
  /** As registered: `/api/users/:user`. */
  url: string
  permission: Permission
}

/** Refused by default: a route without a declared permission ends the start, a request without a scope its query. */
export function addAccess(app: App, deps: Deps, onRoute?: (route: DeclaredRoute) => void): void {
  app.addHook('onRoute', (route) => {
    const permission = route.config?.permission
    if (permission === undefined) throw new Error(`${String(route.method)} ${route.url} declares no permission`)
    for (const method of [route.method].flat()) onRoute?.({ method, url: route.url, permission })
  })
  app.decorateRequest('scope', {
    getter() {
      const scope = scopes.get(this)
      if (!scope) throw new AppError('no-scope', 403, 'This request may not touch any data.')
      return scope
    },
  })
  app.decorateRequest('caller', {
    getter() {
      const caller = callers.get(this)
      if (!caller) throw new AppError('no-scope', 403, 'This request has no caller.')
      return caller
    },
  })
  app.addHook('onRequest', async (request) => {
    const permission = request.is404 ? 'public' : (request.routeOptions.config.permission ?? 'public')
    if (permission === 'public') return
    const outside = anonymousScope(request)
    if (permission === 'anonymous') {
      scopes.set(request, outside)
      return
    }
    const credentials = await identify(deps, request, outside)
    if (!credentials) throw new AppError('not-signed-in', 401, 'Sign in, or send a token.')
    const { caller } = credentials
    checkAccount(request, caller)
    callers.set(request, caller)
    scopes.set(request, scopeFor(request, caller, []))
    checkOrigin(request, credentials)
    const projects = await allowedProjects(deps.db, request, caller, permission).catch(async (error: unknown) => {
      if (error instanceof AppError && error.status === 403) await noteRefusal(deps.db, request)
      throw error
    })
    scopes.set(request, scopeFor(request, caller, projects))
  })
}

function scopeFor(request: FastifyRequest, caller: Caller, projects: readonly { id: number }[]): Scope {
  const projectIds = projects.map((one) => one.id)
  const { defaultProjectId } = caller
  return makeScope({
    actor: { kind: caller.kind, id: caller.id, name: caller.name },
    address: request.clientAddress,
    requestId: request.id,
    projectIds,
    defaultProjectId:
      projectIds.length === 1
        ? projectIds[0]
        : defaultProjectId !== undefined && projectIds.includes(defaultProjectId)
          ? defaultProjectId
          : undefined,
  })
}

/** What a page began as one person must not go on as another, who has signed in beside it. */
function checkAccount(request: FastifyRequest, { id }: Caller): void {
  const meant = request.headers[accountHeader]
  if (meant !== undefined && meant !== id)
    throw new AppError('other-account', 401, 'Somebody else is signed in here by now.')
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A cookie travels by itself: what it may change must come from a page of ours (OWASP, CSRF prevention). */
function checkOrigin(request: FastifyRequest, { isCookie }: Credentials): void {
  if (!isCookie || safeMethods.has(request.method)) return
  // The request guard has refused foreign origins already; here somebody must have vouched for ours.
  if (request.headers.origin === undefined && request.headers['sec-fetch-site'] !== 'same-origin')
    throw new AppError('origin-needed', 403, 'A change by cookie must say which page it comes from; use a token.')
}

const forbidden = (words: string): AppError => new AppError('forbidden', 403, words)

/** Projects in which the caller may do this; throws when it is nowhere. */
async function allowedProjects(
  db: Db,
  request: FastifyRequest,
  caller: Caller,
  permission: Permission,
): Promise<readonly { id: number }[]> {
  const slug = (request.params as { project?: string } | undefined)?.project
  if (isProjectPermission(permission)) {
    // Who looks after projects looks after their members and whom they tell.
    if (isAdministrated(permission) && caller.isAdministrator && slug !== undefined) return findProject(db, slug)
    const allowed = caller.projects.filter((one) => one.permissions.includes(permission))
    if (slug !== undefined) return within(caller.projects, allowed, slug)
    if (allowed.length === 0) throw forbidden('No project lets you do this.')
    return allowed
  }
  if (permission === 'own' && caller.accountId === undefined) throw forbidden('This is for people, not for tokens.')
  if (isInstallationPermission(permission) && !mayInInstallation(caller, permission))
    throw forbidden('This is for administrators.')
  if (slug !== undefined) return findProject(db, slug)
  return caller.projects.filter((one) => one.permissions.includes('read'))
}

function within(seen: readonly ProjectRights[], allowed: readonly ProjectRights[], slug: string): ProjectRights[] {
  const project = allowed.find((one) => one.slug === slug)
  if (project) return [project]
  // Whoever is no member learns nothing, not even that the project exists.
  if (seen.some((one) => one.slug === slug)) throw forbidden('Your role in this project does not allow this.')
  throw noSuchProject()
}

export const noSuchProject = (): AppError => new AppError('project-not-found', 404, 'There is no such project.')

async function findProject(db: Db, slug: string): Promise<{ id: number }[]> {
  const { rows } = slug.includes('\0')
    ? { rows: [] }
    : await db.pool.query<{ id: number }>('select id from project where slug = $1', [slug])
  if (rows.length === 0) throw noSuchProject()
  return rows
}

/** What the caller may do in the whole installation. */
export const mayInInstallation = (caller: Caller, permission: InstallationPermission): boolean =>
  caller.isAdministrator && isAllowed('administrator', permission)

async function noteRefusal(db: Db, request: FastifyRequest): Promise<void> {
  await addAuditEvent(db.pool, request.scope, {
    action: 'access.refused',
    result: 'refused',
    target: `${request.method} ${request.routeOptions.url ?? ''}`,
  })
}
