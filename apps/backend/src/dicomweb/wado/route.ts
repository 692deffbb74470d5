import { type DownloadItem, instanceUrl } from '@instandt/api'
import { decodedFormat, nativeFrameBytes } from '@instandt/pixels'
import type { FastifyRequest } from 'fastify'
import type { InstanceAddress, InstanceSelection } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import { sendDownload } from '../../download/send-download.ts'
import { baseOf } from '../places.ts'
import { addressOf, parseFrameList, selectionOf } from './addresses.ts'
import type { Part } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { multipartBody, sendBody, sendParts } from './answer.ts'
import { leaving } from './leaving.ts'
import {
  dicom,
  explicitLittleEndian,
  frameOffers,
  type IsPossible,
  manyOffers,
  objectOffers,
  partType,
  type SyntaxOffer,
} from './offers.ts'
import { planFrames, retrieveFrames } from './retrieve-frames.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { openObject, retrieveIds, retrieveInstance, retrieveObjects } from './retrieve-object.ts'
import { openImage, possibleFor, transcodeFrames } from './transcode-frames.ts'
import { openTranscoded, planTranscodingOf, transcodeObjects } from './transcode-object.ts'
import { instancePath, negotiate, seriesPath, studyPath, wadoGet } from './wado-get.ts'

const zipOffer: SyntaxOffer = { type: 'application/zip', isMultipart: false, syntaxUid: '' }

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
        const selection = selectionOf(request.params)
        const offer = negotiate(request, [...manyOffers, zipOffer])
        if (offer === zipOffer) return sendDownload(deps, request, reply, [itemOf(selection)], true)
        const { syntaxUid } = offer
        const { ids, identity: stored } = await retrieveIds(deps, request.scope, selection)
        const identity = `${stored} ${syntaxUid}`
        const signal = leaving(reply)
        async function* parts(memory: ReaderMemory): AsyncGenerator<Part> {
          const objects =
            syntaxUid === ''
              ? retrieveObjects(deps, request.scope, ids, memory)
              : transcodeObjects(deps, request.scope, ids, syntaxUid, memory, signal)
          for await (const object of objects) {
            yield {
              mediaType: partType(dicom, object.transferSyntaxUid),
              location: locationOf(request, object),
              body: object.body,
            }
          }
        }
        return sendBody(request, reply, identity, await multipartBody(deps, dicom, identity, parts))
      },
      'image.download',
    )
  }

  get(
    instancePath,
    async (request, reply) => {
      const object = await retrieveInstance(deps, request.scope, addressOf(request.params))
      const asked = negotiate(request, [...objectOffers(object.transferSyntaxUid, () => true), zipOffer])
      if (asked === zipOffer) return sendDownload(deps, request, reply, [itemOf(selectionOf(request.params))], true)
      const isAsStored = asked.isStored !== false
      const made = isAsStored ? undefined : await planTranscodingOf(deps, request.scope, object, asked.syntaxUid)
      const offer =
        made || isAsStored
          ? asked
          : negotiate(
              request,
              objectOffers(object.transferSyntaxUid, () => false),
            )
      const syntaxUid = made?.toSyntaxUid ?? object.transferSyntaxUid
      const head = {
        mediaType: partType(dicom, syntaxUid),
        location: locationOf(request, object),
        byteLength: made ? undefined : object.byteSize,
      }
      const identity = made ? `${object.identity} ${syntaxUid}` : object.identity
      const signal = leaving(reply)
      return sendParts(
        deps,
        request,
        reply,
        identity,
        offer,
        [head],
        (memory) => one(made ? openTranscoded(deps, request.scope, made, signal) : openObject(deps, object, memory)),
        made ? undefined : (range, memory) => openObject(deps, object, memory, range),
      )
    },
    'image.download',
  )

  for (const url of [studyPath, seriesPath, instancePath]) {
    get(`${url}/metadata`, async (request, reply) => {
      const { ids, identity } = await retrieveIds(deps, request.scope, selectionOf(request.params))
      const offer = negotiate(request, [
        { type: 'application/dicom+json', isMultipart: false },
        { type: 'application/json', isMultipart: false },
      ])
      const base = baseOf(deps.config, request)
      return sendBody(request, reply, `${base} ${identity}`, {
        mediaType: offer.type,
        byteLength: undefined,
        open: () => retrieveMetadata(deps, request.scope, ids, base),
      })
    })
  }

  get(`${instancePath}/frames/*`, async (request, reply) => {
    const frames = parseFrameList(request.params['*'])
    const address = addressOf(request.params)
    const plan = await planFrames(deps, request.scope, address, frames)
    const { object, layout, places } = plan
    const stored = { syntaxUid: object.transferSyntaxUid, isEncapsulated: layout.encapsulated }
    const choose = (isPossible: IsPossible): SyntaxOffer =>
      negotiate(
        request,
        frameOffers(stored, isPossible).filter((offer) => offer.isMultipart || frames.length === 1),
      )
    let offer = choose(() => true)
    // Only now its attributes matter: what cannot be made is not offered.
    const image = offer.isStored === false ? await openImage(deps, request.scope, address) : undefined
    if (offer.isStored === false) offer = choose(possibleFor(image))
    const { syntaxUid } = offer
    const isMade = image !== undefined && offer.isStored === false
    const madeLength =
      isMade && syntaxUid === explicitLittleEndian ? nativeFrameBytes(decodedFormat(image.format, false)) : undefined
    const heads = places.map(({ frame, byteLength }) => ({
      mediaType: partType(offer.type, syntaxUid),
      location: `${locationOf(request, object)}/frames/${frame}`,
      byteLength: isMade ? madeLength : byteLength,
    }))
    const identity = `${object.identity}/frames/${frames.join()}${isMade ? ` ${syntaxUid}` : ''}`
    const signal = leaving(reply)
    return sendParts(deps, request, reply, identity, offer, heads, (memory) =>
      isMade
        ? asBodies(transcodeFrames(deps, request.scope, image, frames, syntaxUid, signal))
        : retrieveFrames(deps, plan, memory),
    )
  })
}

async function* one(
  body: AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<AsyncIterable<Uint8Array>> {
  yield await body
}

async function* asBodies(frames: AsyncIterable<Uint8Array>): AsyncGenerator<AsyncIterable<Uint8Array>> {
  for await (const frame of frames) yield once(frame)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const itemOf = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceSelection): DownloadItem => ({
  study: studyInstanceUid,
  series: seriesInstanceUid,
  instances: sopInstanceUid === undefined ? undefined : [sopInstanceUid],
})
