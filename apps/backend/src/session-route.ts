import { readFileSync } from 'node:fs'
import type { Session } from '@instandt/api'
import { listProjects } from './data/inspections.ts'
import type { App, Deps } from './deps.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Who is calling, and what they may see. */
export function sessionRoutes(app: App, deps: Deps): void {
  app.get('/api/session', { config: { permission: 'read' } }, async (request): Promise<Session> => ({
    user: { id: request.scope.userId, name: 'Local user' },
    projects: await listProjects(deps.db, request.scope),
    version,
  }))
}
