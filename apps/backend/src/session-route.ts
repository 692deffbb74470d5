import { readFileSync } from 'node:fs'
import { installationPermissions, type Session } from '@instandt/api'
import type { App } from './deps.ts'
import { mayInInstallation } from './plugins/access.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Who is calling, and what they may see. */
export function sessionRoutes(app: App): void {
  app.get('/api/session', { config: { permission: 'signed-in' } }, async ({ caller }): Promise<Session> => {
    const { id, name, email, kind, isAdministrator } = caller
    const stores = caller.projects.filter((one) => one.permissions.includes('store'))
    const [only] = stores
    return {
      user: { id, name, email, kind, isAdministrator },
      permissions: installationPermissions.filter((permission) => mayInInstallation(caller, permission)),
      projects: caller.projects.map(({ slug, name: title, role, permissions }) => ({
        slug,
        name: title,
        role,
        permissions: [...permissions],
      })),
      defaultProject:
        (stores.length === 1 ? only : stores.find((one) => one.id === caller.defaultProjectId))?.slug ?? null,
      version,
    }
  })
}
