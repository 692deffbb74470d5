import { newTemplateSchema, templateListSchema, templateSchema } from '@instandt/api'
import type { Operation } from './openapi.ts'

const templates = '/api/projects/{project}/conversion-templates'

/** Addresses for files of other formats. */
export const conversionOperations: Record<string, Operation> = {
  [`GET ${templates}`]: { summary: 'Templates of the form for files of other formats', answer: templateListSchema },
  [`POST ${templates}`]: { summary: 'Saves a template', body: newTemplateSchema, answer: templateSchema },
  [`PUT ${templates}/{id}`]: { summary: 'Changes a template', body: newTemplateSchema, answer: templateSchema },
  [`DELETE ${templates}/{id}`]: { summary: 'Removes a template', mediaType: '' },
  'GET /api/inspections/{study}/views/{series}/instances/{instance}/original': {
    summary: 'The file that an instance was made of, as it came',
    mediaType: 'application/octet-stream',
  },
}
