import { z } from 'zod'

/** Shortest password that is taken, in characters. */
export const minPasswordLength = 12
export const maxPasswordLength = 256

export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address')
export const personNameSchema = z.string().trim().min(1).max(120)
const passwordSchema = z.string().min(1).max(maxPasswordLength)
/** Secret of a link: setup, invitation, password reset. */
const linkTokenSchema = z.string().min(20).max(200)

/** GET /api/sign-in/options: what the sign-in page offers. */
export const signInOptionsSchema = z.object({
  /** False until the first administrator exists. */
  isSetUp: z.boolean(),
  hasLocal: z.boolean(),
  hasEntra: z.boolean(),
  /** Whether links go out by mail; otherwise the administrator hands them over. */
  hasMail: z.boolean(),
})
export type SignInOptions = z.infer<typeof signInOptionsSchema>

/** POST /api/setup: the first administrator, by the one-time link of the log. */
export const setupSchema = z.strictObject({
  token: linkTokenSchema,
  name: personNameSchema,
  email: emailSchema,
  password: passwordSchema,
})
export type Setup = z.input<typeof setupSchema>

/** POST /api/sign-in */
export const passwordSignInSchema = z.strictObject({ email: z.string().max(254), password: passwordSchema })
/** POST /api/sign-in/second-factor: six digits of the app, or a recovery code. */
export const secondFactorSchema = z.strictObject({ code: z.string().trim().min(6).max(32) })
/** Answer to both. */
export const signInAnswerSchema = z.object({ next: z.enum(['done', 'second-factor']) })
export type SignInAnswer = z.infer<typeof signInAnswerSchema>

/** POST /api/sign-out: where to go so that the identity provider's session ends too. */
export const signOutAnswerSchema = z.object({ redirect: z.string().nullable() })
export type SignOutAnswer = z.infer<typeof signOutAnswerSchema>

/** POST /api/links/look: what a link is good for, before it is used. */
export const linkSchema = z.strictObject({ token: linkTokenSchema })
export const linkAnswerSchema = z.object({
  kind: z.enum(['setup', 'invitation', 'password-reset']),
  email: z.string().nullable(),
  name: z.string().nullable(),
  expiresAt: z.string().nullable(),
})
export type LinkAnswer = z.infer<typeof linkAnswerSchema>

/** POST /api/links/accept-invitation */
export const acceptInvitationSchema = z.strictObject({
  token: linkTokenSchema,
  name: personNameSchema,
  password: passwordSchema,
})
export type AcceptInvitation = z.input<typeof acceptInvitationSchema>

/** POST /api/links/request-reset: always 202, whoever asks. */
export const requestResetSchema = z.strictObject({ email: z.string().max(254) })
/** POST /api/links/reset-password */
export const resetPasswordSchema = z.strictObject({ token: linkTokenSchema, password: passwordSchema })

/** GET /api/profile */
export const profileSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  kind: z.enum(['local', 'entra']),
  hasSecondFactor: z.boolean(),
  recoveryCodesLeft: z.number().int(),
  sessions: z.array(
    z.object({
      id: z.string(),
      isCurrent: z.boolean(),
      startedAt: z.string(),
      seenAt: z.string(),
      address: z.string(),
      /** The browser, as it named itself. */
      agent: z.string(),
    }),
  ),
})
export type Profile = z.infer<typeof profileSchema>

/** PATCH /api/profile */
export const profileChangeSchema = z.strictObject({
  name: personNameSchema.optional(),
  /** Slug of the project that takes uploads which name none; null = they must name one. */
  defaultProject: z.string().max(63).nullable().optional(),
})
export type ProfileChange = z.input<typeof profileChangeSchema>
/** POST /api/profile/password */
export const passwordChangeSchema = z.strictObject({ current: passwordSchema, next: passwordSchema })
/** POST /api/profile/second-factor and POST /api/profile/second-factor/remove: asks for the password again. */
export const confirmPasswordSchema = z.strictObject({ password: passwordSchema })
export const secondFactorStartSchema = z.object({
  /** otpauth://… for the app, also shown as a code to scan. */
  uri: z.string(),
  /** The same secret in Base32 to type in. */
  secret: z.string(),
})
export type SecondFactorStart = z.infer<typeof secondFactorStartSchema>
/** POST /api/profile/second-factor/confirm, with `secondFactorSchema`; the codes are shown this once. */
export const recoveryCodesSchema = z.object({ recoveryCodes: z.array(z.string()) })
export type RecoveryCodes = z.infer<typeof recoveryCodesSchema>
