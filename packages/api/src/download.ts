import { z } from 'zod'
import { chosenSchema, uidSchema } from './bin.ts'

/** An inspection, one view of it, or instances of either. */
export const downloadItemSchema = z.strictObject({
  study: uidSchema,
  series: uidSchema.optional(),
  instances: chosenSchema.optional(),
})
export type DownloadItem = z.infer<typeof downloadItemSchema>

/** POST /api/downloads: keeps a choice for a day, for whoever made it. */
export const newDownloadSchema = z.strictObject({ items: z.array(downloadItemSchema).min(1).max(1000) })
export type NewDownload = z.input<typeof newDownloadSchema>

export const downloadSchema = z.object({
  id: z.string(),
  /** Path of the archive. */
  address: z.string(),
  instanceCount: z.number().int(),
  /** Of the files in it. */
  byteSize: z.number(),
})
export type Download = z.infer<typeof downloadSchema>

const part = encodeURIComponent

/** Everything about an inspection, or one view of it, as one ZIP file. */
export const downloadUrl = (study: string, series?: string): string =>
  series === undefined
    ? `/api/inspections/${part(study)}/download`
    : `/api/inspections/${part(study)}/views/${part(series)}/download`

/** The file's name: what people call the component and its order, as far as every system takes it. */
export function archiveName(of: { componentNumber: string | null; orderNumber: string | null }): string {
  const words = [of.componentNumber, of.orderNumber].map(
    (word) =>
      word
        ?.normalize('NFKD')
        .replace(/[^\w.-]+/g, '_')
        .replace(/^[._-]+|[._-]+$/g, '')
        .slice(0, 60) ?? '',
  )
  return `${words.filter((word) => word !== '').join('-') || 'inspection'}.zip`
}
