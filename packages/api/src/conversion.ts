import { z } from 'zod'

// Lengths are those of the attributes that the words become (PS3.5 6.2): LO 64, SH 16, PN 64 signs.
const text = (length: number) =>
  z
    .string()
    .trim()
    .max(length)
    .regex(/^[^\\\p{Cc}]*$/u, 'no backslash and no control characters')
    .optional()
const long = text(64)
const short = text(16)
const personName = long.refine((value) => value?.includes('=') !== true, 'no equals sign')
const day = z.union([z.literal(''), z.iso.date()]).optional()
const clock = z.union([z.literal(''), z.iso.time({ precision: -1 }), z.iso.time({ precision: 0 })]).optional()
const millimetres = z.number().min(0.0001).max(100)

/** Where a file comes from: a film through a digitiser, an image as a machine gave it, a photo, a sheet through a scanner. */
export const conversionSources = ['film', 'machine', 'photo', 'scan'] as const
export type ConversionSource = (typeof conversionSources)[number]

/**
 * Where the size of a pixel is known from: `file`, its resolution as scanned; `scanned` and `detector`, the same said by a
 * person; `calibrated`, measured in the picture.
 */
export const pixelSizeKinds = ['none', 'file', 'scanned', 'detector', 'calibrated'] as const
export type PixelSizeKind = (typeof pixelSizeKinds)[number]

const size = { rowMm: millimetres, columnMm: millimetres }
const pixelSizeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('file') }),
  z.strictObject({ kind: z.literal('scanned'), ...size }),
  z.strictObject({ kind: z.literal('detector'), ...size }),
  z.strictObject({
    kind: z.literal('calibrated'),
    ...size,
    by: z.enum(['known-length', 'geometry']),
    /** What it was measured with: lengths without their origin are worth nothing. */
    description: z
      .string()
      .trim()
      .min(1)
      .max(64)
      .regex(/^[^\\\p{Cc}]*$/u),
  }),
])

/** Classes of ISO 14096-2: storage, analysis, basic. */
export const digitiserClasses = ['DS', 'DB', 'DA'] as const

/** What people say about a file that is no DICOM; also what a template keeps. */
export const conversionFormSchema = z.strictObject({
  component: z.strictObject({
    name: personName,
    number: long,
    manufacturer: long,
    manufacturingDate: day,
    material: short,
    owner: personName,
    notes: z.string().max(2000).optional(),
  }),
  inspection: z.strictObject({
    date: day,
    time: clock,
    orderNumber: short,
    number: short,
    description: long,
    company: personName,
    inspector: personName,
    certifyingInspector: personName,
  }),
  view: z.strictObject({
    description: long,
    number: z.number().int().min(0).max(99_999).optional(),
    modality: z
      .string()
      .regex(/^[A-Z0-9_]{0,16}$/)
      .optional(),
    operator: personName,
  }),
  source: z.enum(conversionSources),
  equipment: z.strictObject({ manufacturer: long, model: long, serialNumber: long, station: short }),
  digitiser: z
    .strictObject({
      digitiserClass: z.enum(digitiserClasses).optional(),
      densityFrom: z.number().min(0).max(10).optional(),
      densityTo: z.number().min(0).max(10).optional(),
      calibratedOn: day,
    })
    .optional(),
  pixelSize: pixelSizeSchema,
})
export type ConversionForm = z.infer<typeof conversionFormSchema>

/** Pixels without a header of their own. */
export const rawGeometrySchema = z.strictObject({
  columns: z.number().int().min(1).max(65_535),
  rows: z.number().int().min(1).max(65_535),
  frames: z.number().int().min(1).max(10_000).default(1),
  bitsAllocated: z.union([z.literal(8), z.literal(16)]),
  bitsStored: z.number().int().min(1).max(16),
  isSigned: z.boolean().default(false),
  byteOrder: z.enum(['little', 'big']).default('little'),
  photometric: z.enum(['MONOCHROME1', 'MONOCHROME2', 'RGB']),
  /** Bytes before the first pixel. */
  offset: z.number().int().min(0).max(1_000_000_000).default(0),
})
export type RawGeometry = z.infer<typeof rawGeometrySchema>

/** A file that is to become DICONDE objects: TIFF, PNG, JPEG or PDF by its first bytes, or raw with its geometry. */
export const convertContentSchema = z
  .strictObject({
    kind: z.literal('convert'),
    /** Files with the same one, and of the same component, belong to one inspection; absent, the file has one of its own. */
    batch: z.uuid().optional(),
    /** Instance Number of what is made first. */
    number: z.number().int().min(1).max(999_999).default(1),
    form: conversionFormSchema,
    raw: rawGeometrySchema.optional(),
  })
  .refine(({ form: { component } }) => Boolean(component.name) || Boolean(component.number), {
    path: ['form', 'component'],
    message: 'a component has a name or a number',
  })

/** GET, POST and PUT below /api/projects/{project}/conversion-templates */
export const newTemplateSchema = z.strictObject({ name: z.string().trim().min(1).max(80), form: conversionFormSchema })
export type NewTemplate = z.infer<typeof newTemplateSchema>
export const templateSchema = newTemplateSchema.extend({ id: z.uuid(), changedBy: z.string(), changedAt: z.string() })
export type ConversionTemplate = z.infer<typeof templateSchema>
export const templateListSchema = z.object({ items: z.array(templateSchema) })
export type TemplateList = z.infer<typeof templateListSchema>

export const templatesUrl = (project: string): string =>
  `/api/projects/${encodeURIComponent(project)}/conversion-templates`
export const templateUrl = (project: string, id: string): string => `${templatesUrl(project)}/${id}`

/** The file that an instance was made of. */
export const originalSchema = z.object({
  name: z.string(),
  format: z.enum(['tiff', 'png', 'jpeg', 'pdf', 'raw']),
  byteSize: z.number(),
  sha256: z.string(),
})
export type Original = z.infer<typeof originalSchema>

/** Its bytes, as they came. */
export const originalUrl = (study: string, series: string, instance: string): string =>
  `/api/inspections/${encodeURIComponent(study)}/views/${encodeURIComponent(series)}/instances/${encodeURIComponent(instance)}/original`
