import {
  binPageSchema,
  binQuerySchema,
  changePageSchema,
  changesQuerySchema,
  deleteSchema,
  deletionSchema,
  downloadSchema,
  moveSchema,
  newDownloadSchema,
  purgeSchema,
  restoredSchema,
} from '@instandt/api'
import type { Operation } from './openapi.ts'

const inspection = '/api/inspections/{study}'
const zip = 'application/zip'
const noContent = { mediaType: '' }

/** What is done with stored inspections, and who follows it. */
export const archiveOperations: Record<string, Operation> = {
  [`POST ${inspection}/delete`]: {
    summary: 'An inspection, a view or instances into the bin',
    body: deleteSchema,
    answer: deletionSchema,
  },
  [`POST ${inspection}/move`]: { summary: 'An inspection to another project', body: moveSchema, ...noContent },
  'GET /api/bin': { summary: 'What lies in the bin', query: binQuerySchema, answer: binPageSchema },
  'POST /api/bin/{deletion}/restore': { summary: 'Out of the bin', answer: restoredSchema },
  'GET /api/archive/bin': { summary: 'The bin of all projects', query: binQuerySchema, answer: binPageSchema },
  'POST /api/archive/bin/{deletion}/purge': {
    summary: 'Removed for good before its time',
    body: purgeSchema,
    ...noContent,
  },
  'POST /api/downloads': { summary: 'Chooses what to download', body: newDownloadSchema, answer: downloadSchema },
  'GET /api/downloads/{selection}': { summary: 'What was chosen, as one ZIP file', mediaType: zip },
  [`GET ${inspection}/download`]: { summary: 'An inspection as one ZIP file', mediaType: zip },
  [`GET ${inspection}/views/{series}/download`]: { summary: 'A view as one ZIP file', mediaType: zip },
  'GET /api/changes': {
    summary: 'What happened to stored objects, in the order of commits',
    query: changesQuerySchema,
    answer: changePageSchema,
  },
}
