import { type DownloadItem, instanceUrl } from '@instandt/api'
import { transferSyntax } from '@instandt/dicom'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../app-error.ts'
import type { InstanceAddress, InstanceSelection } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import { sendDownload } from '../../download/send-download.ts'
import { baseOf, bases } from '../places.ts'
import type { Offer } from './accept.ts'
import { chooseOffer } from './accept.ts'
import type { AnswerBody, Part, PartHead } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { multipartBody, sendBody } from './answer.ts'
import { planBulk } from './retrieve-bulkdata.ts'
import { planFrames, retrieveFrames } from './retrieve-frames.ts'
import { retrieveMetadata } from './retrieve-metadata.ts'
import { openObject, retrieveIds, retrieveInstance, retrieveObjects } from './retrieve-object.ts'

interface Params {
  study: string
  series: string
  instance: string
  /** Frame list or bulk data path: the rest of the address. */
  '*': string
}
type Request = FastifyRequest<{ Params: Params; Querystring: { accept?: string | string[] } }>
type Handler = (request: Request, reply: FastifyReply) => Promise<FastifyReply>

const dicom = 'application/dicom'
const zipOffer: Offer = { type: 'application/zip', isMultipart: false }
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

  // HEAD is answered from the database alone; the framework's own would read the whole body to drop it.
  const get = (url: string, handler: Handler, action: 'image.view' | 'image.download' = 'image.view'): void => {
    for (const base of bases) {
      app.route({
        method: ['GET', 'HEAD'],
        url: base + url,
        config: { permission: 'read' },
        handler: async (request, reply) => {
          const { study } = request.params as Params
          // Who reads is written before the first byte leaves.
          if (request.method === 'GET' && anyUid.test(study)) await deps.noteRead(request.scope, action, study)
          return handler(request as Request, reply)
        },
      })
    }
  }

  const study = '/studies/:study'
  const series = `${study}/series/:series`
  const instance = `${series}/instances/:instance`

  for (const url of [study, series]) {
    get(
      url,
      async (request, reply) => {
        const selection = selectionOf(request.params)
        const offer = negotiate(request, [{ type: dicom, isMultipart: true }, zipOffer])
        if (offer === zipOffer) return sendDownload(deps, request, reply, [itemOf(selection)], true)
        const ids = await retrieveIds(deps, request.scope, selection)
        const identity = ids.join()
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
    instance,
    async (request, reply) => {
      const object = await retrieveInstance(deps, request.scope, addressOf(request.params))
      const offer = negotiate(request, [...bothWays(dicom, [object.transferSyntaxUid]), zipOffer])
      if (offer === zipOffer) return sendDownload(deps, request, reply, [itemOf(selectionOf(request.params))], true)
      const head = {
        mediaType: partType(dicom, object.transferSyntaxUid),
        location: locationOf(request, object),
        byteLength: object.byteSize,
      }
      return sendParts(request, reply, object.sha256, offer, [head], (memory) => one(openObject(deps, object, memory)))
    },
    'image.download',
  )

  for (const url of [study, series, instance]) {
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

  get(`${instance}/frames/*`, async (request, reply) => {
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

  get(`${instance}/bulkdata/*`, async (request, reply) => {
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

// PostgreSQL takes no NUL in text; such an address names nothing.
const anyUid = /^[^\0]{1,256}$/

function selectionOf({ study, series, instance }: Params): InstanceSelection {
  // A level that the route does not have is absent here.
  for (const uid of [study, series, instance] as (string | undefined)[]) {
    if (uid !== undefined && !anyUid.test(uid))
      throw new AppError('instance-not-found', 404, 'There is nothing stored at this address.')
  }
  const selection: InstanceSelection = { studyInstanceUid: study }
  if (series !== undefined) selection.seriesInstanceUid = series
  if (instance !== undefined) selection.sopInstanceUid = instance
  return selection
}

const itemOf = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceSelection): DownloadItem => ({
  study: studyInstanceUid,
  series: seriesInstanceUid,
  instances: sopInstanceUid === undefined ? undefined : [sopInstanceUid],
})

const addressOf = (params: Params): InstanceAddress => selectionOf(params) as InstanceAddress

/** PS3.18 10.4.1.1.6: numbers from 1, separated by commas. */
function parseFrameList(list: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) {
    throw new AppError('frame-list-invalid', 400, 'The frame list must be numbers from 1, separated by commas.')
  }
  const frames = list.split(',').map(Number)
  if (frames.includes(0))
    throw new AppError('frame-list-invalid', 400, 'Frames are counted from 1; there is no frame 0.')
  return frames
}

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

/** PS3.18 8.3.3.1: the query parameter, where a client cannot set headers, goes before the header. */
function negotiate(request: Request, offers: readonly Offer[]): Offer {
  const fromQuery = request.query.accept
  const accept = (Array.isArray(fromQuery) ? fromQuery.join(',') : fromQuery) || request.headers.accept
  const offer = chooseOffer(accept, offers)
  if (offer) return offer
  const words = offers.map(({ type, isMultipart, transferSyntaxUids }) => {
    const syntax = transferSyntaxUids ? `; transfer-syntax=${transferSyntaxUids[0] ?? '*'}` : ''
    return isMultipart ? `multipart/related; type="${type}"${syntax}` : type + syntax
  })
  throw new AppError('not-acceptable', 406, `This can be sent as ${words.join(' or ')}.`)
}

async function* one(body: Promise<AsyncIterable<Uint8Array>>): AsyncGenerator<AsyncIterable<Uint8Array>> {
  yield await body
}

/** Parts whose heads and lengths are known, in one multipart body or, if the offer says so, the only one by itself. */
async function sendParts(
  request: FastifyRequest,
  reply: FastifyReply,
  identity: string,
  offer: Offer,
  heads: (PartHead & { byteLength: number })[],
  open: (memory: ReaderMemory) => AsyncIterable<AsyncIterable<Uint8Array>>,
): Promise<FastifyReply> {
  if (offer.isMultipart) {
    async function* parts(memory: ReaderMemory): AsyncGenerator<Part> {
      let at = 0
      for await (const body of open(memory)) {
        const head = heads[at++]
        if (head) yield { ...head, body }
      }
    }
    return sendBody(request, reply, identity, await multipartBody(offer.type, identity, parts, heads))
  }
  const [head] = heads
  if (!head) throw new AppError('not-acceptable', 406, 'There is nothing to send.')
  async function* only(memory: ReaderMemory): AsyncGenerator<Uint8Array> {
    for await (const body of open(memory)) yield* body
  }
  const { mediaType, byteLength } = head
  const body: AnswerBody = { mediaType, byteLength, headers: { 'content-location': head.location }, open: only }
  return sendBody(request, reply, identity, body)
}
