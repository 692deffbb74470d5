import { z } from 'zod'
import { projectRoles, personRoles } from './permissions.ts'
import { emailSchema, personNameSchema } from './sign-in.ts'

export const slugSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be small letters, digits and hyphens, at most 63, beginning with no hyphen')
const nameSchema = z.string().trim().min(1).max(120)

export const membershipSchema = z.object({ project: slugSchema, role: z.enum(projectRoles) })
const personMembershipSchema = z.strictObject({ project: slugSchema, role: z.enum(personRoles) })

/** GET /api/users */
export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  kind: z.enum(['local', 'entra', 'entra-app']),
  isAdministrator: z.boolean(),
  isBlocked: z.boolean(),
  hasSecondFactor: z.boolean(),
  memberships: z.array(membershipSchema),
  createdAt: z.string(),
  lastSeenAt: z.string().nullable(),
})
export type User = z.infer<typeof userSchema>
export const userListSchema = z.object({ items: z.array(userSchema) })

/** PATCH /api/users/{user} */
export const userChangeSchema = z.strictObject({
  name: personNameSchema.optional(),
  isAdministrator: z.boolean().optional(),
  isBlocked: z.boolean().optional(),
})
export type UserChange = z.input<typeof userChangeSchema>

/** A one-time link: mailed, or for the administrator to hand over. */
export const linkCreatedSchema = z.object({ link: z.string(), isMailed: z.boolean(), expiresAt: z.string() })
export type LinkCreated = z.infer<typeof linkCreatedSchema>

/** POST /api/invitations */
export const newInvitationSchema = z.strictObject({
  email: emailSchema,
  name: personNameSchema.optional(),
  isAdministrator: z.boolean().default(false),
  memberships: z.array(personMembershipSchema).max(100).default([]),
})
export type NewInvitation = z.input<typeof newInvitationSchema>

/** GET /api/invitations: those still open. */
export const invitationSchema = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  isAdministrator: z.boolean(),
  memberships: z.array(membershipSchema),
  invitedBy: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
})
export type Invitation = z.infer<typeof invitationSchema>
export const invitationListSchema = z.object({ items: z.array(invitationSchema) })

/** GET /api/projects: all for administrators, else the caller's own. */
export const projectSchema = z.object({
  slug: slugSchema,
  name: z.string(),
  memberCount: z.number().int(),
  inspectionCount: z.number().int(),
  createdAt: z.string(),
})
export type Project = z.infer<typeof projectSchema>
export const projectListSchema = z.object({ items: z.array(projectSchema) })
/** POST /api/projects */
export const newProjectSchema = z.strictObject({ slug: slugSchema, name: nameSchema })
export type NewProject = z.input<typeof newProjectSchema>
/** PATCH /api/projects/{project} */
export const projectChangeSchema = z.strictObject({ name: nameSchema })

/** GET /api/projects/{project}/members */
export const memberSchema = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  kind: z.enum(['local', 'entra', 'entra-app']),
  role: z.enum(projectRoles),
  /** Given by the directory at each sign-in; changed there. */
  isFromDirectory: z.boolean(),
})
export type Member = z.infer<typeof memberSchema>
export const memberListSchema = z.object({
  items: z.array(memberSchema),
  /** People who could be added. */
  candidates: z.array(z.object({ userId: z.string(), name: z.string(), email: z.string().nullable() })),
})
export type MemberList = z.infer<typeof memberListSchema>
/** PUT /api/projects/{project}/members/{user} */
export const memberChangeSchema = z.strictObject({ role: z.enum(projectRoles) })

/** GET /api/tokens (administrator: all) and GET /api/profile/tokens (one's own) */
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** First characters, to tell tokens apart. */
  prefix: z.string(),
  role: z.enum(projectRoles),
  projects: z.array(slugSchema),
  /** Person whose rights bound the token's; null = a machine's own. */
  ownerName: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
})
export type Token = z.infer<typeof tokenSchema>
export const tokenListSchema = z.object({ items: z.array(tokenSchema) })
/** POST /api/tokens and POST /api/profile/tokens */
export const newTokenSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(projectRoles),
  projects: z.array(slugSchema).min(1).max(100),
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(365),
})
export type NewToken = z.input<typeof newTokenSchema>
/** The secret is in no other answer, ever. */
export const tokenCreatedSchema = z.object({ token: tokenSchema, secret: z.string() })
export type TokenCreated = z.infer<typeof tokenCreatedSchema>
