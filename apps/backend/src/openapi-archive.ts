import {
  binPageSchema,
  binQuerySchema,
  changePageSchema,
  changesQuerySchema,
  correctionSchema,
  deleteSchema,
  deletionSchema,
  fixityReportSchema,
  historySchema,
  moveSchema,
  newCorrectionSchema,
  purgeSchema,
  restoredSchema,
  versionListSchema,
} from '@instandt/api'
import type { Operation } from './openapi.ts'

const inspection = '/api/inspections/{study}'
const noContent = { mediaType: '' }

/** What is done with stored inspections, and who follows it. */
export const archiveOperations: Record<string, Operation> = {
  [`POST ${inspection}/delete`]: {
    summary: 'An inspection, a view or instances into the bin',
    body: deleteSchema,
    answer: deletionSchema,
  },
  [`POST ${inspection}/move`]: { summary: 'An inspection to another project', body: moveSchema, ...noContent },
  [`POST ${inspection}/corrections`]: {
    summary: 'Other values for component, order or inspection, in all its instances',
    body: newCorrectionSchema,
    answer: correctionSchema,
  },
  [`GET ${inspection}/history`]: { summary: 'Corrections, and when its bytes were proven', answer: historySchema },
  [`GET ${inspection}/instances/{instance}/versions`]: {
    summary: 'An instance before and after corrections',
    answer: versionListSchema,
  },
  [`GET ${inspection}/instances/{instance}/versions/{version}`]: {
    summary: 'The file of one version',
    mediaType: 'application/dicom',
  },
  'GET /api/bin': { summary: 'What lies in the bin', query: binQuerySchema, answer: binPageSchema },
  'POST /api/bin/{deletion}/restore': { summary: 'Out of the bin', answer: restoredSchema },
  'GET /api/archive/bin': { summary: 'The bin of all projects', query: binQuerySchema, answer: binPageSchema },
  'POST /api/archive/bin/{deletion}/purge': {
    summary: 'Removed for good before its time',
    body: purgeSchema,
    ...noContent,
  },
  'GET /api/changes': {
    summary: 'What happened to stored objects, in the order of commits',
    query: changesQuerySchema,
    answer: changePageSchema,
  },
  [`POST ${inspection}/proof`]: { summary: 'Reads its stored bytes again now', ...noContent },
  'GET /api/archive/fixity': { summary: 'Whether stored bytes are still the same', answer: fixityReportSchema },
  'POST /api/archive/fixity/{study}': { summary: 'Reads the stored bytes of any inspection again now', ...noContent },
}
