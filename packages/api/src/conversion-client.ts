import {
  type ConversionTemplate,
  type NewTemplate,
  type TemplateList,
  templateListSchema,
  templateSchema,
  templatesUrl,
  templateUrl,
} from './conversion.ts'
import type { Send } from './identity-client.ts'

export interface ConversionClient {
  /** Filled-in forms of a project (slug), by name. */
  listTemplates(project: string, signal?: AbortSignal): Promise<TemplateList>
  createTemplate(project: string, template: NewTemplate): Promise<ConversionTemplate>
  changeTemplate(project: string, id: string, template: NewTemplate): Promise<ConversionTemplate>
  removeTemplate(project: string, id: string): Promise<void>
}

export function conversionClient(send: Send): ConversionClient {
  return {
    listTemplates: (project, signal) => send('GET', templatesUrl(project), templateListSchema, { signal }),
    createTemplate: (project, template) => send('POST', templatesUrl(project), templateSchema, { body: template }),
    changeTemplate: (project, id, template) =>
      send('PUT', templateUrl(project, id), templateSchema, { body: template }),
    removeTemplate: (project, id) => send('DELETE', templateUrl(project, id), null),
  }
}
