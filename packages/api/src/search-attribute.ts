import { z } from 'zod'
import type { Send } from './identity-client.ts'

export const searchLevels = ['study', 'series', 'instance'] as const
export type SearchLevel = (typeof searchLevels)[number]

/** `indexing`: what was stored before is being looked through; `failed`: that stopped, `fault` says why. */
export const searchAttributeStates = ['indexing', 'ready', 'failed', 'removing'] as const

/** How values are compared (PS3.4 C.2.2.2); follows from the value representation. */
export const searchMatchings = ['text', 'name', 'uid', 'date', 'stamp', 'number'] as const
export type SearchMatching = (typeof searchMatchings)[number]

/** One attribute that can be searched because an administrator declared it. */
export const searchAttributeSchema = z.object({
  id: z.number().int(),
  /** What searches call it, beside its tags. */
  name: z.string(),
  /** Tags joined by dots; a private one as 0009"creator"01. */
  path: z.string(),
  vr: z.string(),
  level: z.enum(searchLevels),
  matching: z.enum(searchMatchings),
  state: z.enum(searchAttributeStates),
  /** 0 to 1, of what was stored before it was declared. */
  progress: z.number(),
  /** Stored objects whose attributes could not be read. */
  skippedCount: z.number().int(),
  fault: z.string().nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
  readyAt: z.string().nullable(),
})
export type SearchAttribute = z.infer<typeof searchAttributeSchema>

/** GET /api/search-attributes */
export const searchAttributeListSchema = z.object({
  items: z.array(searchAttributeSchema),
  /** How many there may be. */
  limit: z.number().int(),
})
export type SearchAttributeList = z.infer<typeof searchAttributeListSchema>

/** POST /api/search-attributes */
export const newSearchAttributeSchema = z.strictObject({
  /**
   * Keyword, DICONDE name or tag; steps into sequences joined by dots; a private element as 0009"creator"01: group, creator
   * in quotes, the last two digits of its element number.
   */
  attribute: z.string().trim().min(1).max(300),
  level: z.enum(searchLevels),
  /** What searches call a private element: a letter, then letters and digits. */
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'must be a letter, then letters and digits, at most 64')
    .optional(),
  /** Needed where the dictionary does not know it. */
  vr: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a value representation such as LO')
    .optional(),
})
export type NewSearchAttribute = z.input<typeof newSearchAttributeSchema>

export interface SearchAttributeClient {
  listSearchAttributes(signal?: AbortSignal): Promise<SearchAttributeList>
  addSearchAttribute(attribute: NewSearchAttribute): Promise<SearchAttribute>
  /** No longer searched at once; its values are removed in the background. */
  removeSearchAttribute(id: number): Promise<void>
  /** Goes on with an index that failed. */
  resumeSearchAttribute(id: number): Promise<SearchAttribute>
}

export function searchAttributeClient(send: Send): SearchAttributeClient {
  const url = '/api/search-attributes'
  return {
    listSearchAttributes: (signal) => send('GET', url, searchAttributeListSchema, { signal }),
    addSearchAttribute: (attribute) => send('POST', url, searchAttributeSchema, { body: attribute }),
    removeSearchAttribute: (id) => send('DELETE', `${url}/${id}`, null),
    resumeSearchAttribute: (id) => send('POST', `${url}/${id}/resume`, searchAttributeSchema),
  }
}
