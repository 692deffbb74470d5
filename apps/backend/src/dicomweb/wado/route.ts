import { instanceUrl } from '@instandt/api'
import { transferSyntax } from '@instandt/dicom'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../app-error.ts'
import type { InstanceAddress } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import { baseOf } from '../places.ts'
import type { Offer } from './accept.ts'
import { addressOf, parseFrameList, selectionOf } from './addresses.ts'
import type { Part } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { multipartBody, sendBody, sendParts } from './answer.ts'
import { planBulk } from './retrieve-bulkdata.ts'
import { planFrames, retrieveFrames } from './retrieve-frames.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { openObject, retrieveIds, retrieveInstance, retrieveObjects } from './retrieve-object.ts'
import { instancePath, negotiate, seriesPath, studyPath, wadoGet } from './wado-get.ts'

const dicom = 'application/dicom'
const octets = 'application/octet-stream'
// What native frames are on their way out, whatever the file's byte order.
const explicitLittleEndian = '1.2.840.10008.1.2.1'
const implicitLittleEndian = '1.2.840.10008.1.2'

/** WADO-RS (PS3.18 10.4): objects, metadata, frames and bulk data. */
export function wadoRoutes(app: App, deps: Deps): void {
  const locationOf = (
    request: FastifyRequest,
    { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceAddress,
  ): string => instanceUrl(studyInstanceUid, seriesInstanceUid, sopInstanceUid, baseOf(deps.config, request))

  const get = wadoGet(app, deps)
  for (const url of [studyPath, seriesPath]) {
    get(
      url,
      async (request, reply) => {
        const ids = await retrieveIds(deps, request.scope, selectionOf(request.params))
        const identity = ids.join()
        negotiate(request, [{ type: dicom, isMultipart: true }])
        async function* parts(memory: ReaderMemory): AsyncGenerator<Part> {
          for await (const object of retrieveObjects(deps, request.scope, ids, memory)) {
            yield {
              mediaType: partType(dicom, object.transferSyntaxUid),
              location: locationOf(request, object),
              body: object.body,
            }
          }
        }
        return sendBody(request, reply, identity, await multipartBody(dicom, identity, parts))
      },
      'image.download',
    )
  }

  get(
    instancePath,
    async (request, reply) => {
      const object = await retrieveInstance(deps, request.scope, addressOf(request.params))
      const offer = negotiate(request, bothWays(dicom, [object.transferSyntaxUid]))
      const head = {
        mediaType: partType(dicom, object.transferSyntaxUid),
        location: locationOf(request, object),
        byteLength: object.byteSize,
      }
      return sendParts(request, reply, object.sha256, offer, [head], (memory) => one(openObject(deps, object, memory)))
    },
    'image.download',
  )

  for (const url of [studyPath, seriesPath, instancePath]) {
    get(`${url}/metadata`, async (request, reply) => {
      const ids = await retrieveIds(deps, request.scope, selectionOf(request.params))
      const offer = negotiate(request, [
        { type: 'application/dicom+json', isMultipart: false },
        { type: 'application/json', isMultipart: false },
      ])
      const base = baseOf(deps.config, request)
      return sendBody(request, reply, `${base} ${ids.join()}`, {
        mediaType: offer.type,
        byteLength: undefined,
        open: () => retrieveMetadata(deps, request.scope, ids, base),
      })
    })
  }

  get(`${instancePath}/frames/*`, async (request, reply) => {
    const frames = parseFrameList(request.params['*'])
    const plan = await planFrames(deps, request.scope, addressOf(request.params), frames)
    const { object, layout, places } = plan
    const offer = negotiate(request, frameOffers(object.transferSyntaxUid, layout.encapsulated, frames.length === 1))
    const syntax = layout.encapsulated ? object.transferSyntaxUid : explicitLittleEndian
    const heads = places.map(({ frame, byteLength }) => ({
      mediaType: partType(offer.type, syntax),
      location: `${locationOf(request, object)}/frames/${frame}`,
      byteLength,
    }))
    return sendParts(request, reply, `${object.sha256}/frames/${frames.join()}`, offer, heads, (memory) =>
      retrieveFrames(deps, plan, memory),
    )
  })

  get(`${instancePath}/bulkdata/*`, async (request, reply) => {
    const path = parseBulkPath(request.params['*'])
    const { object, isEncapsulated, byteLengths, open } = await planBulk(
      deps,
      request.scope,
      addressOf(request.params),
      path,
    )
    const offer = negotiate(request, frameOffers(object.transferSyntaxUid, isEncapsulated, byteLengths.length === 1))
    const head = {
      mediaType: partType(offer.type, isEncapsulated ? object.transferSyntaxUid : explicitLittleEndian),
      location: `${locationOf(request, object)}/bulkdata/${path}`,
    }
    const heads = byteLengths.map((byteLength) => ({ ...head, byteLength }))
    return sendParts(request, reply, `${object.sha256}/bulkdata/${path}`, offer, heads, open)
  })
}

const partType = (type: string, transferSyntaxUid: string): string => `${type}; transfer-syntax=${transferSyntaxUid}`

function parseBulkPath(path: string): string {
  if (!/^[0-9A-F]{8}(\/\d{1,9}\/[0-9A-F]{8})*$/i.test(path)) {
    throw new AppError('bulkdata-not-found', 404, 'Bulk data is addressed as its metadata names it.')
  }
  return path.toUpperCase()
}

const bothWays = (type: string, transferSyntaxUids: readonly string[]): Offer[] => [
  { type, isMultipart: true, transferSyntaxUids },
  { type, isMultipart: false, transferSyntaxUids },
]

/** Compressed frames under the name of their format and as plain bytes, native ones as plain bytes only. */
function frameOffers(transferSyntaxUid: string, isEncapsulated: boolean, isSingle: boolean): Offer[] {
  const imageType = isEncapsulated ? transferSyntax(transferSyntaxUid)?.mediaType : undefined
  const syntaxes = isEncapsulated ? [transferSyntaxUid] : [explicitLittleEndian, implicitLittleEndian]
  const types = imageType === undefined || imageType === octets ? [octets] : [imageType, octets]
  return types.flatMap((type) => bothWays(type, syntaxes)).filter((offer) => offer.isMultipart || isSingle)
}

async function* one(body: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<AsyncIterable<Uint8Array>> {
  yield await body
}
