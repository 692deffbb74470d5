import { z } from 'zod'

/** What an event tells; the part before the dot groups them on screen. */
export const auditActions = [
  'sign-in.password',
  'sign-in.second-factor',
  'sign-in.entra',
  'sign-in.token',
  'sign-out',
  'account.set-up',
  'account.create',
  'account.change',
  'account.password',
  'account.second-factor',
  'account.session-end',
  'invitation.create',
  'invitation.accept',
  'invitation.withdraw',
  'password-reset.create',
  'password-reset.use',
  'project.create',
  'project.change',
  'member.change',
  'member.remove',
  'token.create',
  'token.revoke',
  'image.view',
  'image.download',
  'image.store',
  'upload.create',
  'upload.remove',
  'image.delete',
  'image.restore',
  'image.purge',
  'image.hold',
  'image.move',
  'image.correct',
  'webhook.create',
  'webhook.change',
  'webhook.remove',
  'template.create',
  'template.change',
  'template.remove',
  'audit.export',
  'search-attribute.add',
  'search-attribute.remove',
  'search-attribute.resume',
  'access.refused',
  'archive.reindex',
  'archive.remake',
  'archive.sweep',
  'archive.fixity',
  'secret.rotate',
] as const
export type AuditAction = (typeof auditActions)[number]

export const auditResults = ['done', 'refused', 'failed'] as const
export type AuditResult = (typeof auditResults)[number]

const instant = z.iso.datetime({ offset: true })

/** GET /api/audit; newest first. The export takes the same filters. */
export const auditQuerySchema = z.object({
  /** Part of the person's or machine's name. */
  person: z.string().max(120).optional(),
  /** Part of the component's name or number, or a study's UID. */
  component: z.string().max(120).optional(),
  action: z.string().max(40).optional(),
  from: instant.optional(),
  to: instant.optional(),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
export type AuditQuery = z.infer<typeof auditQuerySchema>

/** GET /api/audit/export */
export const auditExportSchema = auditQuerySchema
  .omit({ cursor: true, limit: true })
  .extend({ format: z.enum(['csv', 'jsonl']).default('csv') })

export const auditEventSchema = z.object({
  id: z.number().int(),
  at: z.string(),
  actorKind: z.string(),
  actorId: z.string(),
  actorName: z.string(),
  /** Network address the request came from; empty for the program's own work. */
  address: z.string(),
  requestId: z.string(),
  action: z.enum(auditActions),
  result: z.enum(auditResults),
  project: z.string().nullable(),
  studyInstanceUid: z.string().nullable(),
  component: z.string().nullable(),
  /** What it was done to: a name, an address, an identifier. */
  target: z.string(),
  /** How many objects one event stands for. */
  count: z.number().int(),
  detail: z.record(z.string(), z.unknown()),
  /** Place in the hash chain; null in the first second after it happened. */
  sealedAs: z.number().int().nullable(),
})
export type AuditEvent = z.infer<typeof auditEventSchema>
export const auditPageSchema = z.object({ items: z.array(auditEventSchema), next: z.string().nullable() })
export type AuditPage = z.infer<typeof auditPageSchema>
