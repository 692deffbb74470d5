import { instanceUrl } from '@instandt/api'
import type { FastifyReply } from 'fastify'
import { AppError } from '../../app-error.ts'
import type { InstanceAddress } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import type { RenderedType } from '../../pixels/pixel-tasks.ts'
import type { ImageInfo } from '../../pixels/read-image.ts'
import { baseOf } from '../places.ts'
import type { Offer } from '../wado/accept.ts'
import { addressOf, parseFrameList, selectionOf } from '../wado/addresses.ts'
import { multipartBody, type Part, sendBody } from '../wado/answer.ts'
import { leaving } from '../wado/leaving.ts'
import { retrieveIds } from '../wado/retrieve-object.ts'
import { instancePath, negotiate, seriesPath, studyPath, wadoGet, type WadoRequest } from '../wado/wado-get.ts'
import { parseRendering, type Rendering } from './parse-rendering.ts'
import { eachRendered } from './render-many.ts'
import { openRendered, renderFrame } from './render-instance.ts'
import { openThumbnail } from './thumbnail.ts'

const types: readonly RenderedType[] = ['image/jpeg', 'image/png', 'image/gif']
type RenderedOffer = Offer & { type: RenderedType }
const single: RenderedOffer[] = types.map((type) => ({ type, isMultipart: false }))
const multipart: RenderedOffer[] = types.map((type) => ({ type, isMultipart: true }))

/** Images for people's eyes (PS3.18 10.4.1.1.3): rendered at every level, and thumbnails (10.4.1.1.4). */
export function renderedRoutes(app: App, deps: Deps): void {
  const get = wadoGet(app, deps)
  const frames = `${instancePath}/frames/:frames`

  for (const url of [studyPath, seriesPath]) {
    get(`${url}/rendered`, async (request, reply) => {
      const rendering = readRendering(request, reply)
      const { ids, identity: stored } = await retrieveIds(deps, request.scope, selectionOf(request.params))
      const { type } = negotiate(request, multipart)
      const identity = `${stored} ${identityOf(rendering, type)}`
      async function* parts(): AsyncGenerator<Part> {
        for await (const { address, bytes } of eachRendered(deps, request.scope, ids, rendering, type, leaving(reply)))
          yield { mediaType: type, location: `${locationOf(request, address)}/rendered`, body: one(bytes) }
      }
      return sendBody(request, reply, identity, await multipartBody(deps, type, identity, parts))
    })
  }

  get(`${instancePath}/rendered`, async (request, reply) => {
    const rendering = readRendering(request, reply)
    const image = await openRendered(deps, request.scope, addressOf(request.params))
    return sendFrames(request, reply, image, [1], rendering)
  })

  get(`${frames}/rendered`, async (request, reply) => {
    const list = parseFrameList((request.params as unknown as { frames: string }).frames)
    const rendering = readRendering(request, reply)
    const image = await openRendered(deps, request.scope, addressOf(request.params))
    return sendFrames(request, reply, image, list, rendering)
  })

  // What a list shows is no reading of the image: see docs/decisions/0113.
  for (const url of [studyPath, seriesPath, instancePath, frames]) {
    get(
      `${url}/thumbnail`,
      async (request, reply) => {
        const { frames: frame } = request.params as unknown as { frames?: string }
        const { viewport } = parseRendering({ viewport: request.query['viewport'] })
        const { type } = negotiate(request, single)
        const list = frame === undefined ? undefined : parseFrameList(frame)
        if (list && list.length > 1) throw new AppError('frame-list-invalid', 400, 'A thumbnail is of one frame.')
        const wanted = { frame: list?.[0], viewport, mediaType: type, signal: leaving(reply) }
        const thumbnail = await openThumbnail(deps, request.scope, selectionOf(request.params), wanted)
        const { address, identity, open } = thumbnail
        return sendBody(request, reply, `${identity} ${identityOf({ viewport }, type)}`, {
          mediaType: type,
          byteLength: undefined,
          headers: { 'content-location': `${locationOf(request, address)}/thumbnail` },
          open,
        })
      },
      null,
    )
  }

  const locationOf = (request: WadoRequest, address: InstanceAddress): string => {
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = address
    return instanceUrl(studyInstanceUid, seriesInstanceUid, sopInstanceUid, baseOf(deps.config, request))
  }

  async function sendFrames(
    request: WadoRequest,
    reply: FastifyReply,
    image: ImageInfo,
    list: readonly number[],
    rendering: Rendering,
  ): Promise<FastifyReply> {
    const offer = negotiate(request, list.length === 1 ? [...single, ...multipart] : multipart)
    const location = locationOf(request, image.stored)
    const identity = `${image.stored.identity} ${list.join()} ${identityOf(rendering, offer.type)}`
    const signal = leaving(reply)
    const draw = (frame: number) => renderFrame(deps, request.scope, image, frame, rendering, offer.type, signal)
    if (offer.isMultipart) {
      async function* parts(): AsyncGenerator<Part> {
        for (const frame of list) {
          const body = one(await draw(frame))
          yield { mediaType: offer.type, location: `${location}/frames/${frame}/rendered`, body }
        }
      }
      return sendBody(request, reply, identity, await multipartBody(deps, offer.type, identity, parts))
    }
    const [frame = 1] = list
    return sendBody(request, reply, identity, {
      mediaType: offer.type,
      byteLength: undefined,
      headers: { 'content-location': `${location}/frames/${frame}/rendered` },
      async *open() {
        yield await draw(frame)
      },
    })
  }
}

/** What is not drawn although it was asked for is said, as QIDO does with keys. */
function readRendering(request: WadoRequest, reply: FastifyReply): Rendering {
  const rendering = parseRendering(request.query)
  for (const name of rendering.ignored)
    reply.header('warning', `299 instandt "${name} is not supported; it was ignored"`)
  return rendering
}

// Counted up when the same request gets another picture: clients keep what they have for as long as its tag stays.
const version = 1
const identityOf = (rendering: Partial<Rendering>, type: string): string =>
  `rendered ${version} ${type} ${JSON.stringify(rendering)}`

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
