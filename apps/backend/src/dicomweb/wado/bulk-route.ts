import { instanceUrl } from '@instandt/api'
import type { FastifyReply } from 'fastify'
import { AppError } from '../../app-error.ts'
import { type BulkKind, type BulkSort, type InstanceBulk, listBulkKinds, readBulkPaths } from '../../data/list-bulk.ts'
import type { InstanceAddress } from '../../data/retrieve.ts'
import type { App, Deps } from '../../deps.ts'
import { baseOf } from '../places.ts'
import type { Offer } from './accept.ts'
import { addressOf, selectionOf } from './addresses.ts'
import { multipartBody, type Part, sendBody, sendParts } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { explicitLittleEndian, frameOffers, partType } from './offers.ts'
import { planBulk } from './retrieve-bulkdata.ts'
import { readPages, retrieveIds } from './retrieve-object.ts'
import { instancePath, negotiate, seriesPath, studyPath, wadoGet, type WadoRequest } from './wado-get.ts'

const missing: Record<BulkSort, [code: string, words: string]> = {
  pixeldata: ['pixel-data-missing', 'There is no pixel data at this address.'],
  bulkdata: ['bulkdata-not-found', 'There is no bulk data at this address.'],
}

/** What the metadata leaves out (PS3.18 10.4): one value, or all values of a study, a series or an instance. */
export function bulkRoutes(app: App, deps: Deps): void {
  const get = wadoGet(app, deps)

  get(`${instancePath}/bulkdata/*`, async (request, reply) =>
    sendValue(deps, request, reply, addressOf(request.params), parseBulkPath(request.params['*'])),
  )

  for (const sort of ['pixeldata', 'bulkdata'] as const)
    for (const url of [studyPath, seriesPath, instancePath])
      get(
        `${url}/${sort}`,
        async (request, reply) => {
          const selection = selectionOf(request.params)
          const { ids, identity: stored } = await retrieveIds(deps, request.scope, selection)
          const kinds = await listBulkKinds(deps.db, request.scope, selection, sort)
          if (kinds.length === 0) throw new AppError(missing[sort][0], 404, missing[sort][1])
          const values = ids.length === 1 ? (await readBulkPaths(deps.db, request.scope, ids, sort))[0] : undefined
          // One value is sent like itself: it has a length, may be cut, and may go without a wrapping.
          if (values?.values.length === 1) return sendValue(deps, request, reply, values, values.values[0]?.path ?? '')
          const offer = negotiate(request, commonOffers(kinds))
          const identity = `${stored}/${sort}`
          const parts = (memory: ReaderMemory): AsyncGenerator<Part> =>
            partsOf(deps, request, ids, sort, offer.type, memory)
          return sendBody(request, reply, identity, await multipartBody(deps, offer.type, identity, parts))
        },
        'image.download',
      )
}

async function sendValue(
  deps: Deps,
  request: WadoRequest,
  reply: FastifyReply,
  address: InstanceAddress,
  path: string,
): Promise<FastifyReply> {
  const plan = await planBulk(deps, request.scope, address, path)
  const { object, isEncapsulated, byteLengths } = plan
  const kind = { syntaxUid: object.transferSyntaxUid, isEncapsulated }
  const offer = negotiate(
    request,
    frameOffers(kind, () => false).filter((each) => each.isMultipart || byteLengths.length === 1),
  )
  const head = {
    mediaType: mediaTypeOf(offer.type, kind),
    location: `${locationOf(deps, request, address)}/bulkdata/${path}`,
  }
  const heads = byteLengths.map((byteLength) => ({ ...head, byteLength }))
  return sendParts(deps, request, reply, `${object.identity}/bulkdata/${path}`, offer, heads, plan.open, plan.openRange)
}

async function* partsOf(
  deps: Deps,
  request: WadoRequest,
  ids: readonly string[],
  sort: BulkSort,
  type: string,
  memory: ReaderMemory,
): AsyncGenerator<Part> {
  const { scope } = request
  for await (const page of readPages(ids, (part) => readBulkPaths(deps.db, scope, part, sort)))
    for (const instance of page) yield* partsOfInstance(deps, request, instance, type, memory)
}

async function* partsOfInstance(
  deps: Deps,
  request: WadoRequest,
  instance: InstanceBulk,
  type: string,
  memory: ReaderMemory,
): AsyncGenerator<Part> {
  const location = locationOf(deps, request, instance)
  for (const { path, isEncapsulated } of instance.values) {
    const plan = await planBulk(deps, request.scope, instance, path)
    const mediaType = mediaTypeOf(type, { syntaxUid: instance.syntaxUid, isEncapsulated })
    let frame = 0
    for await (const body of plan.open(memory)) {
      frame += 1
      yield {
        mediaType,
        location: isEncapsulated ? `${location}/frames/${frame}` : `${location}/bulkdata/${path}`,
        body,
      }
    }
  }
}

/** Ways in which values of all these kinds can be sent together. */
export function commonOffers(kinds: readonly BulkKind[]): Offer[] {
  const [first = [], ...others] = kinds.map((kind) =>
    frameOffers(kind, () => false).filter((offer) => offer.isMultipart),
  )
  return first.flatMap((offer) => {
    const alike = others.map((offers) => offers.find((one) => one.type === offer.type))
    if (alike.includes(undefined)) return []
    const transferSyntaxUids = (offer.transferSyntaxUids ?? []).filter((uid) =>
      alike.every((one) => one?.transferSyntaxUids?.includes(uid)),
    )
    return [{ type: offer.type, isMultipart: true, transferSyntaxUids }]
  })
}

const mediaTypeOf = (type: string, { syntaxUid, isEncapsulated }: BulkKind): string =>
  partType(type, isEncapsulated ? syntaxUid : explicitLittleEndian)

const locationOf = (
  deps: Deps,
  request: WadoRequest,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceAddress,
): string => instanceUrl(studyInstanceUid, seriesInstanceUid, sopInstanceUid, baseOf(deps.config, request))

function parseBulkPath(path: string): string {
  if (!/^[0-9A-F]{8}(\/\d{1,9}\/[0-9A-F]{8})*$/i.test(path)) {
    throw new AppError('bulkdata-not-found', 404, 'Bulk data is addressed as its metadata names it.')
  }
  return path.toUpperCase()
}
