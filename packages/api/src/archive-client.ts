import {
  type BinPage,
  binPageSchema,
  type Delete,
  type Deletion,
  deletionSchema,
  type Move,
  type Restored,
  restoredSchema,
} from './bin.ts'
import { type ChangePage, changePageSchema } from './change.ts'
import {
  type Correction,
  correctionSchema,
  type History,
  historySchema,
  type NewCorrection,
  type Version,
  versionListSchema,
} from './correction.ts'
import { type Download, downloadSchema, type NewDownload } from './download.ts'
import { type FixityReport, fixityReportSchema } from './fixity.ts'
import type { Send } from './identity-client.ts'
import {
  type Delivery,
  type DeliveryPage,
  deliveryPageSchema,
  deliverySchema,
  type NewWebhook,
  type Webhook,
  type WebhookChange,
  type WebhookCreated,
  webhookCreatedSchema,
  webhookListSchema,
  webhookSchema,
  webhookSecretSchema,
} from './webhook.ts'

interface Paging {
  cursor?: string | undefined
  limit?: number | undefined
}

export interface ArchiveClient {
  deleteImages(study: string, what: Delete): Promise<Deletion>
  moveInspection(study: string, move: Move): Promise<void>
  correctInspection(study: string, correction: NewCorrection): Promise<Correction>
  getHistory(study: string, signal?: AbortSignal): Promise<History>
  listVersions(study: string, instance: string, signal?: AbortSignal): Promise<{ items: Version[] }>
  proveInspection(study: string): Promise<void>
  chooseDownload(choice: NewDownload): Promise<Download>

  /** `all`: of every project, for administrators. */
  listBin(whose: 'own' | 'all', query: Paging & { project?: string }, signal?: AbortSignal): Promise<BinPage>
  restore(deletion: string): Promise<Restored>
  purge(deletion: string, reason: string): Promise<void>
  getChanges(
    query: { after?: number | 'latest'; limit?: number; project?: string },
    signal?: AbortSignal,
  ): Promise<ChangePage>
  getFixityReport(signal?: AbortSignal): Promise<FixityReport>
  /** The same of any inspection, for administrators. */
  proveAny(study: string): Promise<void>

  listWebhooks(project: string, signal?: AbortSignal): Promise<{ items: Webhook[] }>
  createWebhook(project: string, webhook: NewWebhook): Promise<WebhookCreated>
  changeWebhook(project: string, id: string, change: WebhookChange): Promise<Webhook>
  removeWebhook(project: string, id: string): Promise<void>
  renewWebhookSecret(project: string, id: string): Promise<{ secret: string }>
  testWebhook(project: string, id: string): Promise<Delivery>
  listDeliveries(project: string, id: string, page: Paging, signal?: AbortSignal): Promise<DeliveryPage>
  sendAgain(project: string, id: string, delivery: string): Promise<Delivery>
}

const part = encodeURIComponent
const inspection = (study: string): string => `/api/inspections/${part(study)}`
const webhooks = (project: string): string => `/api/projects/${part(project)}/webhooks`
const webhook = (project: string, id: string): string => `${webhooks(project)}/${part(id)}`

/** The file of one instance as it was before a correction; version 1 is the one that came. */
export const versionUrl = (study: string, instance: string, version: number): string =>
  `${inspection(study)}/instances/${part(instance)}/versions/${version}`

/** Addresses of what is done with whole inspections, and of those who follow it. */
export function archiveClient(
  send: Send,
  queryString: (query: Record<string, string | number | undefined>) => string,
): ArchiveClient {
  return {
    deleteImages: (study, body) => send('POST', `${inspection(study)}/delete`, deletionSchema, { body }),
    moveInspection: (study, body) => send('POST', `${inspection(study)}/move`, null, { body }),
    correctInspection: (study, body) => send('POST', `${inspection(study)}/corrections`, correctionSchema, { body }),
    getHistory: (study, signal) => send('GET', `${inspection(study)}/history`, historySchema, { signal }),
    listVersions: (study, instance, signal) =>
      send('GET', `${inspection(study)}/instances/${part(instance)}/versions`, versionListSchema, { signal }),
    proveInspection: (study) => send('POST', `${inspection(study)}/proof`, null),
    chooseDownload: (body) => send('POST', '/api/downloads', downloadSchema, { body }),

    listBin: (whose, query, signal) =>
      send('GET', `${whose === 'own' ? '/api/bin' : '/api/archive/bin'}${queryString({ ...query })}`, binPageSchema, {
        signal,
      }),
    restore: (deletion) => send('POST', `/api/bin/${part(deletion)}/restore`, restoredSchema),
    purge: (deletion, reason) => send('POST', `/api/archive/bin/${part(deletion)}/purge`, null, { body: { reason } }),
    getChanges: (query, signal) =>
      send('GET', `/api/changes${queryString({ ...query })}`, changePageSchema, { signal }),
    proveAny: (study) => send('POST', `/api/archive/fixity/${part(study)}`, null),
    getFixityReport: (signal) => send('GET', '/api/archive/fixity', fixityReportSchema, { signal }),

    listWebhooks: (project, signal) => send('GET', webhooks(project), webhookListSchema, { signal }),
    createWebhook: (project, body) => send('POST', webhooks(project), webhookCreatedSchema, { body }),
    changeWebhook: (project, id, body) => send('PATCH', webhook(project, id), webhookSchema, { body }),
    removeWebhook: (project, id) => send('DELETE', webhook(project, id), null),
    renewWebhookSecret: (project, id) => send('POST', `${webhook(project, id)}/secret`, webhookSecretSchema),
    testWebhook: (project, id) => send('POST', `${webhook(project, id)}/test`, deliverySchema),
    listDeliveries: (project, id, page, signal) =>
      send('GET', `${webhook(project, id)}/deliveries${queryString({ ...page })}`, deliveryPageSchema, { signal }),
    sendAgain: (project, id, delivery) =>
      send('POST', `${webhook(project, id)}/deliveries/${part(delivery)}/send-again`, deliverySchema),
  }
}
