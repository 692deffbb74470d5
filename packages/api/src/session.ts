import { z } from 'zod'
import { installationPermissions, projectPermissions, projectRoles } from './permissions.ts'

/**
 * A request with this field is meant to be of the account it names (`user.id`): 401 `other-account` when it is another's by now,
 * as where somebody else has signed in beside it.
 */
export const accountHeader = 'instandt-account'

/** GET /api/session: who is calling and what they may see. */
export const sessionSchema = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    /** How the caller came in. */
    kind: z.enum(['local', 'entra', 'token', 'entra-app']),
    isAdministrator: z.boolean(),
  }),
  permissions: z.array(z.enum(installationPermissions)),
  projects: z.array(
    z.object({
      slug: z.string(),
      name: z.string(),
      role: z.enum(projectRoles),
      permissions: z.array(z.enum(projectPermissions)),
    }),
  ),
  /** Slug of the project that takes an upload which names none; null = the caller must name one. */
  defaultProject: z.string().nullable(),
  version: z.string(),
})
export type Session = z.infer<typeof sessionSchema>
