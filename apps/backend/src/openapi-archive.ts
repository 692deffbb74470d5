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
  newCorrectionSchema,
  versionListSchema,
  deliveryPageSchema,
  deliveryQuerySchema,
  deliverySchema,
  downloadSchema,
  moveSchema,
  newDownloadSchema,
  newWebhookSchema,
  purgeSchema,
  restoredSchema,
  webhookChangeSchema,
  webhookCreatedSchema,
  webhookListSchema,
  webhookSchema,
  webhookSecretSchema,
} from '@instandt/api'
import type { Operation } from './openapi.ts'

const inspection = '/api/inspections/{study}'
const zip = 'application/zip'
const webhooks = '/api/projects/{project}/webhooks'
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
  'POST /api/downloads': { summary: 'Chooses what to download', body: newDownloadSchema, answer: downloadSchema },
  'GET /api/downloads/{selection}': { summary: 'What was chosen, as one ZIP file', mediaType: zip },
  [`GET ${inspection}/download`]: { summary: 'An inspection as one ZIP file', mediaType: zip },
  [`GET ${inspection}/views/{series}/download`]: { summary: 'A view as one ZIP file', mediaType: zip },
  'GET /api/changes': {
    summary: 'What happened to stored objects, in the order of commits',
    query: changesQuerySchema,
    answer: changePageSchema,
  },
  [`POST ${inspection}/proof`]: { summary: 'Reads its stored bytes again now', ...noContent },
  'GET /api/archive/fixity': { summary: 'Whether stored bytes are still the same', answer: fixityReportSchema },
  'POST /api/archive/fixity/{study}': { summary: 'Reads the stored bytes of any inspection again now', ...noContent },
  [`GET ${webhooks}`]: { summary: 'Who is told what happens in a project', answer: webhookListSchema },
  [`POST ${webhooks}`]: {
    summary: 'A new webhook; its secret is told once',
    body: newWebhookSchema,
    answer: webhookCreatedSchema,
  },
  [`PATCH ${webhooks}/{webhook}`]: {
    summary: 'Changes, pauses or replays it',
    body: webhookChangeSchema,
    answer: webhookSchema,
  },
  [`DELETE ${webhooks}/{webhook}`]: { summary: 'Removes it', ...noContent },
  [`POST ${webhooks}/{webhook}/secret`]: {
    summary: 'A new secret; the former signs on for a day',
    answer: webhookSecretSchema,
  },
  [`POST ${webhooks}/{webhook}/test`]: { summary: 'Sends a trial at once', answer: deliverySchema },
  [`GET ${webhooks}/{webhook}/deliveries`]: {
    summary: 'What it was told',
    query: deliveryQuerySchema,
    answer: deliveryPageSchema,
  },
  [`POST ${webhooks}/{webhook}/deliveries/{delivery}/send-again`]: {
    summary: 'Sends it once more',
    answer: deliverySchema,
  },
}
