import { type Rendition, renditionQuerySchema } from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { findRendition, forgetRendition, isRenditionWaiting, type StoredRendition } from '../data/renditions.ts'
import type { InstanceAddress } from '../data/retrieve.ts'
import type { App, Deps } from '../deps.ts'
import { sendBody } from '../dicomweb/wado/answer.ts'
import { anyUid } from '../dicomweb/wado/addresses.ts'
import { readQuery } from '../read-input.ts'
import { isGone } from '../storage/is-gone.ts'
import { blobOffset } from './rendition-blob.ts'

interface Params {
  study: string
  series: string
  instance: string
  frame: string
  tile: string
}

const missing = (): AppError =>
  new AppError('rendition-missing', 404, 'There is no rendition of this frame: take the frame itself.')
const waiting = (): AppError =>
  new AppError(
    'rendition-waiting',
    404,
    'The rendition of this frame is still to be made: take the frame, or ask later.',
  )

/** What screens get instead of a frame: its overview and tiles, lossless, each as far as the resolution needs. */
export function renditionRoutes(app: App, deps: Deps): void {
  const read = { config: { permission: 'read' } } as const

  const find = async (request: FastifyRequest): Promise<StoredRendition> => {
    const { study, series, instance, frame } = request.params as Params
    const number = numberOf(frame)
    if (number === undefined || [study, series, instance].some((uid) => !anyUid.test(uid))) throw missing()
    const address: InstanceAddress = { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid: instance }
    // Who reads is written before the first byte leaves.
    await deps.noteRead(request.scope, 'image.view', study)
    const found = await findRendition(deps.db, request.scope, address, number)
    if (found) return found
    throw (await isRenditionWaiting(deps.db, request.scope, address)) ? waiting() : missing()
  }

  app.get('/api/renditions/:study/:series/:instance/:frame', read, async (request): Promise<Rendition> => {
    const { layout, prefixes } = await find(request)
    const { overview, ...size } = layout
    const [first = [], ...rest] = prefixes
    const tiles = overview ? rest : prefixes
    return {
      ...size,
      overview: overview && {
        reduction: overview.reduction,
        columns: halved(layout.columns, overview.reduction),
        rows: halved(layout.rows, overview.reduction),
        prefixes: first,
      },
      tiles: tiles.map((lengths) => ({ prefixes: lengths })),
    }
  })

  /** Sends the beginning of one codestream: as much as a resolution needs. */
  const sendPrefix = async (
    request: FastifyRequest,
    reply: FastifyReply,
    place: (found: StoredRendition) => number | undefined,
  ) => {
    const { reduction } = readQuery(renditionQuerySchema, request.query)
    const found = await find(request)
    const at = place(found)
    const lengths = at === undefined ? undefined : found.prefixes[at]
    if (at === undefined || !lengths) throw new AppError('tile-not-found', 404, 'The rendition has no such tile.')
    const byteLength = lengths[lengths.length - 1 - reduction]
    if (byteLength === undefined) {
      const most = lengths.length - 1
      throw new AppError('malformed-query', 400, `reduction: this picture can be halved ${most} times at most.`)
    }
    const range = { offset: blobOffset(found, at), length: byteLength }
    return sendBody(request, reply, `${found.blobKey} ${range.offset} ${byteLength}`, {
      mediaType: 'application/octet-stream',
      byteLength,
      async *open(memory) {
        yield* await deps.blobs.read(found.blobKey, range, memory()).catch(async (error: unknown) => {
          // Thrown away by somebody, or not brought back with the store: it is made again.
          if (!(await isGone(deps.blobs, error))) throw error
          await forgetRendition(deps.db, request.scope, found.blobKey)
          throw waiting()
        })
      },
    })
  }

  app.get('/api/renditions/:study/:series/:instance/:frame/overview', read, async (request, reply) =>
    sendPrefix(request, reply, ({ layout }) => (layout.overview ? 0 : undefined)),
  )

  app.get('/api/renditions/:study/:series/:instance/:frame/tiles/:tile', read, async (request, reply) => {
    const tile = numberOf((request.params as Params).tile)
    return sendPrefix(request, reply, ({ layout }) =>
      tile === undefined ? undefined : tile + (layout.overview ? 1 : 0),
    )
  })
}

/** Frames from 1, tiles from 0; what is no number names nothing. */
const numberOf = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)

const halved = (edge: number, times: number): number => Math.ceil(edge / 2 ** times)
