import { inspectionQuerySchema, inspectionSorts } from '@instandt/api'
import { z } from 'zod'

/** Values of one page's address as plain words: `?q=weld&from=20260101`, never JSON in quotes. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search))
}

export function stringifySearch(values: Record<string, unknown>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}

const fields = inspectionQuerySchema.shape

/** The list's address. A value that cannot be is dropped: an old or mistyped link still shows a list. */
export const inspectionsSearchSchema = z.object({
  q: fields.q.catch(undefined),
  from: fields.from.catch(undefined),
  to: fields.to.catch(undefined),
  modality: fields.modality.catch(undefined),
  component: fields.component.catch(undefined),
  order: fields.order.catch(undefined),
  owner: fields.owner.catch(undefined),
  project: fields.project.catch(undefined),
  diconde: fields.diconde.catch(undefined),
  attributes: fields.attributes.catch(undefined),
  // Without the default, so that it stays out of the address.
  sort: z.enum(inspectionSorts).optional().catch(undefined),
})
export type InspectionsSearch = z.infer<typeof inspectionsSearchSchema>

export { inspectionSorts }

const uid = z
  .string()
  .regex(/^[0-9.]{1,64}$/)
  .optional()
  .catch(undefined)

/** The inspection's address: the view shown, and what is open beside it: an object's attributes, or the history. */
export const inspectionSearchSchema = z.object({
  view: uid,
  attributes: uid,
  history: z.literal('open').optional().catch(undefined),
})

/** The viewer's address: instance to begin with and its frame, counted from 1. */
export const viewerSearchSchema = z.object({
  instance: uid,
  frame: z.coerce.number().int().min(1).optional().catch(undefined),
})

const words = z.string().max(120).optional().catch(undefined)
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .optional()
  .catch(undefined)

/** The audit's address: what it is narrowed to; days of this device's time zone. */
export const auditSearchSchema = z.object({ person: words, component: words, action: words, from: day, to: day })
export type AuditSearch = z.infer<typeof auditSearchSchema>

/** Where to go after signing in, and why it did not work at the directory. */
export const signInSearchSchema = z.object({
  to: z.string().max(2000).optional().catch(undefined),
  fault: z.string().max(60).optional().catch(undefined),
})
