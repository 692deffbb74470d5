import { z } from 'zod'

export const fixityFaultSchema = z.object({
  project: z.string(),
  studyInstanceUid: z.string(),
  sopInstanceUid: z.string(),
  /** current: what everybody sees · version: before a correction · bin: deleted · original: the file objects were made of. */
  place: z.enum(['current', 'version', 'bin', 'original']),
  /** unreadable: the store answers, but does not give up this object. */
  fault: z.enum(['missing', 'unreadable', 'length', 'bytes']),
  blobKey: z.string(),
  expectedSha256: z.string(),
  foundSha256: z.string().nullable(),
  foundAt: z.string(),
  seenAt: z.string(),
})
export type FixityFault = z.infer<typeof fixityFaultSchema>

/** GET /api/archive/fixity: whether the stored bytes are still those that were stored. */
export const fixityReportSchema = z.object({
  periodDays: z.number(),
  objectCount: z.number().int(),
  byteSize: z.number(),
  /** Read again and found right at least once since they were stored. The version before does not say it. */
  provenCount: z.number().int().optional(),
  /** Neither stored nor read again within the period. */
  overdueCount: z.number().int(),
  /** Read again and found right in the last 24 hours. */
  lastDay: z.object({ objectCount: z.number().int(), byteSize: z.number() }),
  /** The object that waits longest was stored, or read again, then; null when nothing is stored. */
  oldestAt: z.string().nullable(),
  /** Until when that one is to be read. The version before does not say it. */
  dueAt: z.string().nullable().optional(),
  /** Newest first, at most 500. */
  faults: z.array(fixityFaultSchema),
  faultCount: z.number().int(),
})
export type FixityReport = z.infer<typeof fixityReportSchema>
