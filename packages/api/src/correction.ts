import { faultOfText, tags, type Vr } from '@instandt/dicom'
import { z } from 'zod'

/** Attributes that are the same in all instances of an inspection, by their names in this interface (DICONDE's terms). */
export const correctableTags = {
  componentName: tags.patientName,
  componentNumber: tags.patientId,
  componentIssuer: tags.issuerOfPatientId,
  componentOwner: tags.referringPhysicianName,
  componentManufacturer: tags.componentManufacturer,
  manufacturingDate: tags.patientBirthDate,
  material: tags.ethnicGroup,
  orderNumber: tags.accessionNumber,
  inspectionNumber: tags.studyId,
  date: tags.studyDate,
  time: tags.studyTime,
  description: tags.studyDescription,
} as const
export type CorrectableName = keyof typeof correctableTags
/** By hand: the dictionary would double what a browser loads before its first page. */
export const correctableVrs: Record<CorrectableName, Vr> = {
  componentName: 'PN',
  componentNumber: 'LO',
  componentIssuer: 'LO',
  componentOwner: 'PN',
  componentManufacturer: 'ST',
  manufacturingDate: 'DA',
  material: 'SH',
  orderNumber: 'SH',
  inspectionNumber: 'SH',
  date: 'DA',
  time: 'TM',
  description: 'LO',
}
export const correctableNames = Object.keys(correctableTags) as CorrectableName[]

/** Null empties the attribute. */
export type CorrectedValues = { [Name in CorrectableName]?: string | null | undefined }

/** One value by the rules of its attribute's VR; blanks at its ends carry no meaning. */
function valueSchema(vr: Vr): z.ZodType<string | null, string | null> {
  return z
    .string()
    .max(2000)
    .transform((text) => text.trim())
    .superRefine((text, context) => {
      const fault = faultOfText(text, vr)
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
    })
    .transform((text) => (text === '' ? null : text))
    .nullable()
}

export const reasonSchema = z.string().trim().min(3).max(500)

export const correctedValuesSchema = z
  .strictObject(
    Object.fromEntries(correctableNames.map((name) => [name, valueSchema(correctableVrs[name]).optional()])) as Record<
      CorrectableName,
      z.ZodOptional<z.ZodType<string | null, string | null>>
    >,
  )
  .refine((values) => Object.values(values).some((value) => value !== undefined), 'names no attribute')

/** POST /api/inspections/{study}/corrections */
export const newCorrectionSchema = z.strictObject({ changes: correctedValuesSchema, reason: reasonSchema })
export type NewCorrection = z.input<typeof newCorrectionSchema>

export const correctionSchema = z.object({
  id: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  /** By attribute: the new value, null = emptied. */
  changes: z.record(z.string(), z.string().nullable()),
  /** By attribute: what stood there before, several where instances disagreed. */
  before: z.record(z.string(), z.array(z.string())),
  reason: z.string(),
  actorName: z.string(),
  instanceCount: z.number().int(),
  doneCount: z.number().int(),
  /** Why nothing was changed; null unless it failed. */
  fault: z.string().nullable(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
})
export type Correction = z.infer<typeof correctionSchema>

/** GET /api/inspections/{study}/history */
export const historySchema = z.object({
  /** What stands there now. */
  current: z.record(z.string(), z.string().nullable()),
  /** Newest first. */
  corrections: z.array(correctionSchema),
  proof: z.object({
    /** When the bytes of every object were last read again and found right: the oldest of them; null = not all yet. */
    provenAt: z.string().nullable(),
    provenCount: z.number().int(),
    objectCount: z.number().int(),
    faultCount: z.number().int(),
    /** One was asked for and is under way. */
    isRunning: z.boolean(),
  }),
})
export type History = z.infer<typeof historySchema>

export const versionSchema = z.object({
  /** From 1: the file as it came. */
  version: z.number().int(),
  isCurrent: z.boolean(),
  byteSize: z.number(),
  sha256: z.string(),
  storedAt: z.string(),
  provenAt: z.string().nullable(),
  /** The correction that made it; null for the first. */
  correction: z.string().nullable(),
})
export type Version = z.infer<typeof versionSchema>
/** GET /api/inspections/{study}/instances/{instance}/versions; newest first */
export const versionListSchema = z.object({ items: z.array(versionSchema) })
