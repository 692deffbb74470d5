import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../app-error.ts'
import type { App, Deps } from '../../deps.ts'
import { bases } from '../places.ts'
import { chooseOffer, type Offer } from './accept.ts'
import { anyUid, type WadoParams } from './addresses.ts'

export type WadoRequest = FastifyRequest<{
  Params: WadoParams
  Querystring: Record<string, string | string[] | undefined>
}>
type Handler = (request: WadoRequest, reply: FastifyReply) => Promise<FastifyReply>

/** The levels of the addresses (PS3.18 10.4). */
export const studyPath = '/studies/:study'
export const seriesPath = `${studyPath}/series/:series`
export const instancePath = `${seriesPath}/instances/:instance`

/**
 * Declares a retrieve address under every base. `action` is what the audit calls it; null: no more than a list shows.
 */
export function wadoGet(
  app: App,
  deps: Deps,
): (url: string, handler: Handler, action?: 'image.view' | 'image.download' | null) => void {
  return (url, handler, action = 'image.view') => {
    for (const base of bases) {
      app.route({
        // HEAD is answered from the database alone; the framework's own would read the whole body to drop it.
        method: ['GET', 'HEAD'],
        url: base + url,
        config: { permission: 'read' },
        handler: async (request, reply) => {
          const { study } = request.params as WadoParams
          // Who reads is written before the first byte leaves.
          if (action && request.method === 'GET' && anyUid.test(study))
            await deps.noteRead(request.scope, action, study)
          return handler(request as WadoRequest, reply)
        },
      })
    }
  }
}

/** PS3.18 8.3.3.1: the query parameter, where a client cannot set headers, goes before the header. */
export function negotiate<T extends Offer>(request: WadoRequest, offers: readonly T[]): T {
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
