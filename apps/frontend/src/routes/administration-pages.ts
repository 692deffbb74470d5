import type { Session } from '@instandt/api'

const pages = [
  { to: '/administration/users', words: 'admin.users', permission: 'manage-users' },
  { to: '/administration/projects', words: 'admin.projects', permission: 'manage-members' },
  { to: '/administration/tokens', words: 'tokens.title', permission: 'manage-tokens' },
  { to: '/administration/search-attributes', words: 'searchAttributes.title', permission: 'manage-search' },
  { to: '/administration/roles', words: 'roles.title', permission: 'manage-users' },
  { to: '/administration/renditions', words: 'renditionQueue.title', permission: 'manage-archive' },
  { to: '/administration/audit', words: 'audit.title', permission: 'read-audit' },
] as const
export type AdministrationPage = (typeof pages)[number]

/** The pages of administration that this caller may use. */
export function administrationPages(session: Session): AdministrationPage[] {
  const managesMembers =
    session.permissions.includes('manage-projects') ||
    session.projects.some((one) => one.permissions.includes('manage-members'))
  return pages.filter(({ permission }) =>
    permission === 'manage-members' ? managesMembers : session.permissions.includes(permission),
  )
}
