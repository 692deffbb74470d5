import type { Session } from '@instandt/api'

const pages = [
  { to: '/administration/users', words: 'admin.users', permission: 'manage-users' },
  { to: '/administration/projects', words: 'admin.projects', permission: 'manage-members' },
  { to: '/administration/tokens', words: 'tokens.title', permission: 'manage-tokens' },
  { to: '/administration/search-attributes', words: 'searchAttributes.title', permission: 'manage-search' },
  { to: '/administration/roles', words: 'roles.title', permission: 'manage-users' },
  { to: '/administration/renditions', words: 'renditionQueue.title', permission: 'manage-archive' },
  { to: '/administration/bin', words: 'archive.bin.title', permission: 'delete' },
  { to: '/administration/fixity', words: 'archive.fixity.title', permission: 'manage-archive' },
  { to: '/administration/audit', words: 'audit.title', permission: 'read-audit' },
] as const
export type AdministrationPage = (typeof pages)[number]

/** The pages of administration that this caller may use. */
export function administrationPages({ permissions, projects }: Session): AdministrationPage[] {
  const somewhere = (permission: 'manage-members' | 'delete'): boolean =>
    projects.some((one) => one.permissions.includes(permission))
  return pages.filter(({ permission }) => {
    if (permission === 'manage-members') return permissions.includes('manage-projects') || somewhere(permission)
    if (permission === 'delete') return permissions.includes('manage-archive') || somewhere(permission)
    return permissions.includes(permission)
  })
}
