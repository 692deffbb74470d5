import {
  failedRenditionPageSchema,
  failedRenditionQuerySchema,
  inspectionDetailSchema,
  inspectionPageSchema,
  inspectionQuerySchema,
  instancePageSchema,
  instanceQuerySchema,
  newSearchAttributeSchema,
  problemSchema,
  remakeAnswerSchema,
  remakeSchema,
  renditionQuerySchema,
  renditionQueueSchema,
  renditionSchema,
  searchAttributeListSchema,
  searchAttributeSchema,
  sessionSchema,
} from '@instandt/api'
import { z } from 'zod'
import type { App } from './deps.ts'
import { archiveOperations } from './openapi-archive.ts'
import { conversionOperations } from './openapi-conversion.ts'
import { identityOperations } from './openapi-identity.ts'
import { uploadOperations } from './openapi-uploads.ts'

export interface Operation {
  summary: string
  query?: z.ZodObject
  answer?: z.ZodType
  /** JSON body. */
  body?: z.ZodType
  /** Media type of answers that are no JSON of ours. */
  mediaType?: string
  /** Others, for whoever asks for them. */
  alsoAs?: readonly string[]
  /** Media types of bodies that are no JSON. */
  bodyTypes?: readonly string[]
}

const dicomJson = 'application/dicom+json'
const related = 'multipart/related'
const octets = 'application/octet-stream'
const zip = 'application/zip'
const pictures = { mediaType: 'image/jpeg', alsoAs: ['image/png', 'image/gif'] }
const instances = [related, 'application/dicom']
const study = '/dicom-web/studies/{study}'
const series = `${study}/series/{series}`
const instance = `${series}/instances/{instance}`

/** Every address below /api and /dicom-web; a test holds the list against the routes. */
export const operations: Record<string, Operation> = {
  ...identityOperations,
  ...uploadOperations,
  ...archiveOperations,
  ...conversionOperations,
  'GET /api/session': { summary: 'Who is calling and what they may see', answer: sessionSchema },
  'GET /api/inspections': {
    summary: 'Search inspections, page by page',
    query: inspectionQuerySchema,
    answer: inspectionPageSchema,
  },
  'GET /api/inspections/{study}': { summary: 'One inspection and its views', answer: inspectionDetailSchema },
  'GET /api/inspections/{study}/views/{series}/instances': {
    summary: 'Instances of a view',
    query: instanceQuerySchema,
    answer: instancePageSchema,
  },
  'GET /api/renditions/{study}/{series}/{instance}/{frame}': {
    summary: 'What screens take in place of a frame',
    answer: renditionSchema,
  },
  'GET /api/renditions/{study}/{series}/{instance}/{frame}/overview': {
    summary: 'The whole image, reduced',
    query: renditionQuerySchema,
    mediaType: 'application/octet-stream',
  },
  'GET /api/renditions/{study}/{series}/{instance}/{frame}/tiles/{tile}': {
    summary: 'One tile, as far as a resolution needs',
    query: renditionQuerySchema,
    mediaType: 'application/octet-stream',
  },
  'GET /api/rendition-queue': {
    summary: 'What is still to be made for screens',
    answer: renditionQueueSchema,
  },
  'GET /api/rendition-queue/failed': {
    summary: 'What could not be made, and why',
    query: failedRenditionQuerySchema,
    answer: failedRenditionPageSchema,
  },
  'POST /api/rendition-queue/remake': {
    summary: 'Has images for screens made again',
    body: remakeSchema,
    answer: remakeAnswerSchema,
  },
  'GET /api/search-attributes': {
    summary: 'Attributes that can be searched because they were declared',
    answer: searchAttributeListSchema,
  },
  'POST /api/search-attributes': {
    summary: 'Declare an attribute; what is stored is indexed in the background',
    body: newSearchAttributeSchema,
    answer: searchAttributeSchema,
  },
  'DELETE /api/search-attributes/{id}': { summary: 'Search an attribute no longer', mediaType: '' },
  'POST /api/search-attributes/{id}/resume': {
    summary: 'Go on with an index that failed',
    answer: searchAttributeSchema,
  },
  'GET /api/openapi.json': { summary: 'This description', mediaType: 'application/json' },
  'POST /dicom-web/studies': { summary: 'STOW-RS', mediaType: dicomJson, bodyTypes: instances },
  'POST /dicom-web/studies/{study}': { summary: 'STOW-RS into one study', mediaType: dicomJson, bodyTypes: instances },
  'GET /dicom-web/studies': { summary: 'QIDO-RS: studies', mediaType: dicomJson },
  'GET /dicom-web/series': { summary: 'QIDO-RS: series', mediaType: dicomJson },
  'GET /dicom-web/instances': { summary: 'QIDO-RS: instances', mediaType: dicomJson },
  'GET /dicom-web/studies/{study}/series': { summary: 'QIDO-RS: series of a study', mediaType: dicomJson },
  'GET /dicom-web/studies/{study}/instances': { summary: 'QIDO-RS: instances of a study', mediaType: dicomJson },
  'GET /dicom-web/studies/{study}/series/{series}/instances': {
    summary: 'QIDO-RS: instances of a series',
    mediaType: dicomJson,
  },
  [`GET ${study}`]: { summary: 'WADO-RS: a study', mediaType: related, alsoAs: [zip] },
  [`GET ${series}`]: { summary: 'WADO-RS: a series', mediaType: related, alsoAs: [zip] },
  [`GET ${instance}`]: { summary: 'WADO-RS: an instance', mediaType: related, alsoAs: ['application/dicom', zip] },
  ...Object.fromEntries(
    [study, series, instance].flatMap((address) => [
      [
        `GET ${address}/metadata`,
        { summary: 'WADO-RS: attributes', mediaType: dicomJson, alsoAs: ['application/json'] },
      ],
      [`GET ${address}/bulkdata`, { summary: 'WADO-RS: what the metadata leaves out', mediaType: related }],
      [`GET ${address}/pixeldata`, { summary: 'WADO-RS: pixel data', mediaType: related, alsoAs: [octets] }],
    ]),
  ),
  [`GET ${instance}/frames/{frames}`]: { summary: 'WADO-RS: frames', mediaType: related, alsoAs: [octets] },
  ...Object.fromEntries(
    [study, series, instance, `${instance}/frames/{frames}`].flatMap((address) => [
      [`GET ${address}/rendered`, { summary: 'WADO-RS: pictures for screens', ...pictures }],
      [`GET ${address}/thumbnail`, { summary: 'WADO-RS: a small picture', ...pictures }],
    ]),
  ),
  [`GET ${instance}/bulkdata/{path}`]: {
    summary: 'WADO-RS: one value kept in the file',
    mediaType: related,
    alsoAs: [octets],
  },
  'OPTIONS /dicom-web': {
    summary: 'What this service can do',
    mediaType: 'application/vnd.sun.wadl+xml',
    alsoAs: ['application/json'],
  },
}

// DICOMweb answers a second time for each project alone.
for (const [key, operation] of Object.entries(operations)) {
  if (!key.includes(' /dicom-web')) continue
  const summary = `${operation.summary}, in one project`
  operations[key.replace('/dicom-web', '/dicom-web/projects/{project}')] = { ...operation, summary }
}

/** Parameters of the routes are named after the levels; what follows them in the address is a list or a path. */
function parametersOf(address: string, query: z.ZodObject | undefined): object[] {
  const inPath = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const schema = query === undefined ? undefined : z.toJSONSchema(query, { io: 'input' })
  const inQuery = Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: false,
    schema: property,
  }))
  return [...inPath, ...inQuery]
}

function describe(key: string, operation: Operation): object {
  const [, address = ''] = key.split(' ')
  const mediaTypes = mediaTypesOf(operation)
  const schema = operation.answer === undefined ? {} : { schema: withoutDialect(z.toJSONSchema(operation.answer)) }
  return {
    summary: operation.summary,
    parameters: parametersOf(address, operation.query),
    ...(operation.bodyTypes
      ? { requestBody: { required: true, content: Object.fromEntries(operation.bodyTypes.map((type) => [type, {}])) } }
      : operation.body === undefined
        ? {}
        : { requestBody: { required: true, content: { 'application/json': { schema: bodySchema(operation.body) } } } }),
    responses: {
      200: { description: 'Done', ...contentOf(mediaTypes, schema) },
      default: {
        description: 'Refused or failed',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

const contentOf = (mediaTypes: readonly string[], schema: object): object =>
  mediaTypes.length === 0 ? {} : { content: Object.fromEntries(mediaTypes.map((one) => [one, schema])) }

/** What an answer may be sent as, the usual first; none where there is no body. */
export const mediaTypesOf = ({ mediaType = 'application/json', alsoAs = [] }: Operation): string[] =>
  mediaType === '' ? [] : [mediaType, ...alsoAs]

const bodySchema = (schema: z.ZodType): object => withoutDialect(z.toJSONSchema(schema, { io: 'input' }))

function withoutDialect({ $schema: _dialect, ...schema }: { $schema?: unknown } & object): object {
  return schema
}

/** OpenAPI 3.1 of this server. */
export function buildOpenApi(): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [key, operation] of Object.entries(operations)) {
    const [method = '', address = ''] = key.split(' ')
    paths[address] = { ...paths[address], [method.toLowerCase()]: describe(key, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'instaNDT',
      version: '0.1.0',
      description: 'JSON API of the web app, and DICOMweb in outline (PS3.18).',
    },
    paths,
    components: { schemas: { Problem: withoutDialect(z.toJSONSchema(problemSchema)) } },
  }
}

export function openApiRoutes(app: App): void {
  const document = buildOpenApi()
  app.get('/api/openapi.json', { config: { permission: 'read' } }, async () => document)
}
