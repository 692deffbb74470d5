// Who may do what: the only place. Administrators see this table on screen.

/** Roles within a project. People first, in falling rank; then machines. */
export const projectRoles = ['level-iii', 'level-ii', 'level-i', 'viewer', 'sender', 'reader', 'follower'] as const
export type ProjectRole = (typeof projectRoles)[number]

/** Roles that a person can have in a project. */
export const personRoles = ['level-iii', 'level-ii', 'level-i', 'viewer'] as const satisfies readonly ProjectRole[]
/** Roles of machines: store only, read only, be told what happens and see no image. */
export const machineRoles = ['sender', 'reader', 'follower'] as const satisfies readonly ProjectRole[]

export const isMachineRole = (role: string): role is (typeof machineRoles)[number] =>
  (machineRoles as readonly string[]).includes(role)

/** Every role there is; the administrator looks after the installation and sees images only as a project's member. */
export const roles = ['administrator', ...projectRoles] as const
export type Role = (typeof roles)[number]

/** What a role lets its holder do within one project. */
export const projectPermissions = [
  'read',
  // What changes, and of which inspection.
  'follow',
  'store',
  'correct',
  // And to bring back.
  'delete',
  // Out of the project; into one takes the right to store there.
  'move',
  'manage-members',
  'manage-webhooks',
] as const
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
  'level-iii': projectPermissions,
  'level-ii': ['read', 'follow', 'store', 'correct'],
  'level-i': ['read', 'follow', 'store'],
  viewer: ['read', 'follow'],
  sender: ['store'],
  reader: ['read', 'follow'],
  follower: ['follow'],
}

/** What the administrator may do in every project without being its member: neither lets anybody see an image. */
const administrated: readonly Permission[] = ['manage-members', 'manage-webhooks']
export const isAdministrated = (permission: Permission): boolean => administrated.includes(permission)

/** Whether a role carries a permission. */
export const isAllowed = (role: Role, permission: ProjectPermission | InstallationPermission): boolean =>
  table[role].includes(permission)

/** Permissions of a role, in the order of the table. */
export const permissionsOf = (role: Role): readonly (ProjectPermission | InstallationPermission)[] => table[role]

export const isProjectPermission = (permission: Permission): permission is ProjectPermission =>
  (projectPermissions as readonly string[]).includes(permission)

export const isInstallationPermission = (permission: Permission): permission is InstallationPermission =>
  (installationPermissions as readonly string[]).includes(permission)
