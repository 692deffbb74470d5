// Who may do what: the only place. Administrators see this table on screen.

/** Roles within a project. People first, in falling rank; then machines. */
export const projectRoles = ['level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader'] as const
export type ProjectRole = (typeof projectRoles)[number]

/** Roles that a person can have in a project. */
export const personRoles = ['level-iii', 'level-ii', 'level-i', 'viewer'] as const satisfies readonly ProjectRole[]
/** Roles of machines: store only, read only. */
export const machineRoles = ['sender', 'reader'] as const satisfies readonly ProjectRole[]

/** Every role there is; the administrator looks after the installation and sees images only as a project's member. */
export const roles = ['administrator', ...projectRoles] as const
export type Role = (typeof roles)[number]

/** What a role lets its holder do within one project. */
export const projectPermissions = ['read', 'store', 'manage-members'] as const
export type ProjectPermission = (typeof projectPermissions)[number]

/** What the administrator may do in the whole installation. */
export const installationPermissions = [
  'manage-users',
  'manage-projects',
  'manage-tokens',
  'manage-archive',
  'manage-search',
  'read-audit',
] as const
export type InstallationPermission = (typeof installationPermissions)[number]

/**
 * What a route asks of its caller. `public`: nothing, and it touches no data; `anonymous`: nothing, for those on their
 * way in; `signed-in`: any person or machine; `own`: any person, for their own account.
 */
export const routePermissions = [
  'public',
  'anonymous',
  'signed-in',
  'own',
  ...projectPermissions,
  ...installationPermissions,
] as const
export type Permission = (typeof routePermissions)[number]

const table: Record<Role, readonly (ProjectPermission | InstallationPermission)[]> = {
  administrator: installationPermissions,
  'level-iii': ['read', 'store', 'manage-members'],
  'level-ii': ['read', 'store'],
  'level-i': ['read', 'store'],
  viewer: ['read'],
  sender: ['store'],
  reader: ['read'],
}

/** Whether a role carries a permission. */
export const isAllowed = (role: Role, permission: ProjectPermission | InstallationPermission): boolean =>
  table[role].includes(permission)

/** Permissions of a role, in the order of the table. */
export const permissionsOf = (role: Role): readonly (ProjectPermission | InstallationPermission)[] => table[role]

export const isProjectPermission = (permission: Permission): permission is ProjectPermission =>
  (projectPermissions as readonly string[]).includes(permission)

export const isInstallationPermission = (permission: Permission): permission is InstallationPermission =>
  (installationPermissions as readonly string[]).includes(permission)
