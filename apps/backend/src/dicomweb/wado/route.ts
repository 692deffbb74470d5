import { instanceUrl } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import type { InstanceAddress } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import { baseOf } from '../places.ts'
import { addressOf, parseFrameList, selectionOf } from './addresses.ts'
import type { Part } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { multipartBody, sendBody, sendParts } from './answer.ts'
import { dicom, explicitLittleEndian, frameOffers, objectOffers, partType } from './offers.ts'
import { planFrames, retrieveFrames } from './retrieve-frames.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { openObject, retrieveIds, retrieveInstance, retrieveObjects } from './retrieve-object.ts'
import { instancePath, negotiate, seriesPath, studyPath, wadoGet } from './wado-get.ts'

/** WADO-RS (PS3.18 10.4): objects, metadata and frames. */
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
      const offer = negotiate(request, objectOffers(object.transferSyntaxUid))
      const head = {
        mediaType: partType(dicom, object.transferSyntaxUid),
        location: locationOf(request, object),
        byteLength: object.byteSize,
      }
      return sendParts(
        request,
        reply,
        object.sha256,
        offer,
        [head],
        (memory) => one(openObject(deps, object, memory)),
        (range, memory) => openObject(deps, object, memory, range),
      )
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
    const stored = { syntaxUid: object.transferSyntaxUid, isEncapsulated: layout.encapsulated }
    const offer = negotiate(
      request,
      frameOffers(stored).filter((each) => each.isMultipart || frames.length === 1),
    )
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
}

async function* one(body: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<AsyncIterable<Uint8Array>> {
  yield await body
}
