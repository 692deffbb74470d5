import { z } from 'zod'
import { originalSchema } from './conversion.ts'

const dicomDate = z.string().regex(/^\d{8}$/)

export const inspectionSorts = [
  'date',
  '-date',
  'stored',
  '-stored',
  'component',
  '-component',
  'order',
  '-order',
] as const

/** Search of the inspections list; the same names are used in the page's address. */
export const inspectionQuerySchema = z.object({
  /** Words found in component, number, order, description, owner, material or inspection number; all must match. */
  q: z.string().max(200).optional(),
  from: dicomDate.optional(),
  to: dicomDate.optional(),
  modality: z.string().max(16).optional(),
  component: z.string().max(128).optional(),
  order: z.string().max(64).optional(),
  owner: z.string().max(128).optional(),
  /** Slug. */
  project: z.string().max(63).optional(),
  diconde: z.enum(['yes', 'no']).optional(),
  /** Declared attributes of inspections by name, written as a query: 'WeldProcess=TIG&MaterialThickness=12..13'. */
  attributes: z.string().max(2000).optional(),
  sort: z.enum(inspectionSorts).default('-date'),
  /** Opaque; from `next` of the answer before. */
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** 'yes' also counts, up to totalCap. */
  total: z.enum(['yes', 'no']).default('no'),
})
export type InspectionQuery = z.infer<typeof inspectionQuerySchema>

/** Counting stops here: "more than 10,000". */
export const totalCap = 10_001

export const inspectionSchema = z.object({
  studyInstanceUid: z.string(),
  projectSlug: z.string(),
  componentName: z.string().nullable(),
  componentNumber: z.string().nullable(),
  componentOwner: z.string().nullable(),
  material: z.string().nullable(),
  /** YYYYMMDD */
  date: z.string().nullable(),
  /** HHMMSS[.ffffff] */
  time: z.string().nullable(),
  orderNumber: z.string().nullable(),
  inspectionNumber: z.string().nullable(),
  description: z.string().nullable(),
  modalities: z.array(z.string()),
  seriesCount: z.number().int(),
  instanceCount: z.number().int(),
  byteSize: z.number(),
  isDiconde: z.boolean(),
  /** There is, or will be in a moment, a thumbnail; else none need be asked for. Views and instances have the same. */
  hasImage: z.boolean(),
  storedAt: z.string(),
})
export type Inspection = z.infer<typeof inspectionSchema>

export const inspectionPageSchema = z.object({
  items: z.array(inspectionSchema),
  next: z.string().nullable(),
  total: z.number().int().nullable(),
})
export type InspectionPage = z.infer<typeof inspectionPageSchema>

/** One set-up on one machine: on screen a "view". */
export const viewSchema = z.object({
  seriesInstanceUid: z.string(),
  modality: z.string().nullable(),
  number: z.number().int().nullable(),
  description: z.string().nullable(),
  date: z.string().nullable(),
  time: z.string().nullable(),
  manufacturer: z.string().nullable(),
  station: z.string().nullable(),
  operator: z.string().nullable(),
  instanceCount: z.number().int(),
  byteSize: z.number(),
  hasImage: z.boolean(),
  storedAt: z.string(),
})
export type View = z.infer<typeof viewSchema>

/** GET /api/inspections/{studyInstanceUid} */
export const inspectionDetailSchema = inspectionSchema.extend({ views: z.array(viewSchema) })
export type InspectionDetail = z.infer<typeof inspectionDetailSchema>

/** Page of a view's instances. */
export const instanceQuerySchema = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

export const instanceSummarySchema = z.object({
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  sopClassName: z.string().nullable(),
  transferSyntaxUid: z.string(),
  number: z.number().int().nullable(),
  rows: z.number().int().nullable(),
  columns: z.number().int().nullable(),
  frameCount: z.number().int().nullable(),
  byteSize: z.number(),
  sha256: z.string(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  hasImage: z.boolean(),
  /** How many of its frames have a rendition (see rendition.ts); null when none has, and none need be asked for. */
  rendition: z.object({ frames: z.number().int() }).nullable(),
  /** The file of another format that it was made of. */
  original: originalSchema.nullable(),
  storedAt: z.string(),
})
export type InstanceSummary = z.infer<typeof instanceSummarySchema>

/** GET /api/inspections/{studyInstanceUid}/views/{seriesInstanceUid}/instances?cursor&limit, in instance-number order */
export const instancePageSchema = z.object({ items: z.array(instanceSummarySchema), next: z.string().nullable() })
export type InstancePage = z.infer<typeof instancePageSchema>
