import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseAccept } from '@instandt/dicom'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../app-error.ts'
import { narrow } from '../../data/narrow-search.ts'
import { type Match, countMatches, readMatches, search, searchIds } from '../../data/search.ts'
import { readDeclared } from '../../data/search-attributes.ts'
import type { App, Deps } from '../../deps.ts'
import { baseOf, bases } from '../places.ts'
import { readPages } from '../wado/retrieve-object.ts'
import { buildMatch } from './build-answer.ts'
import { parseQuery } from './parse-query.ts'
import { declaredKey, type Level } from './search-keys.ts'

type Request = FastifyRequest<{ Params: { study?: string; series?: string } }>

// Searches over the whole archive end here unless the client names a limit; a study's own lists do not.
const defaultLimit = 1000
const maxLimit = 10_000
/** The longest list of a study. */
const maxListed = 1_000_000
/** Matches that are answered at once; longer answers leave as they are read. */
const pageSize = 2000
/** Each may be some MiB of text once it is unpacked. */
const metadataPageSize = 100
/** Milliseconds that one answer may hold up all others. */
const turnMs = 10
// Another server's declaration may go unnoticed for so long (milliseconds).
const declaredMaxAge = 1000

/** QIDO-RS (PS3.18 10.6) at every level path. */
export function qidoRoutes(app: App, deps: Deps): void {
  const get = (path: string, level: Level): void => {
    for (const base of bases) {
      app.get(base + path, { config: { permission: 'read' } }, (request, reply) =>
        answer(deps, level, request as Request, reply),
      )
    }
  }
  get('/studies', 'study')
  get('/series', 'series')
  get('/instances', 'instance')
  get('/studies/:study/series', 'series')
  get('/studies/:study/instances', 'instance')
  get('/studies/:study/series/:series/instances', 'instance')
}

async function answer(deps: Deps, level: Level, request: Request, reply: FastifyReply): Promise<FastifyReply> {
  checkAccept(request)
  const { scope } = request
  const at = request.url.indexOf('?')
  const { attributes } = await readDeclared(deps.db, declaredMaxAge)
  const parameters = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1))
  const query = parseQuery(parameters, level, attributes.map(declaredKey))
  const { study: studyInstanceUid, series: seriesInstanceUid } = request.params
  const isWholeArchive = studyInstanceUid === undefined
  const within = await narrow(deps.db, scope, level, query, { studyInstanceUid, seriesInstanceUid })
  const asked = Math.min(
    query.limit ?? (isWholeArchive ? defaultLimit : Infinity),
    isWholeArchive ? maxLimit : maxListed,
  )
  const hasMetadata = query.includeTags.length > 0 || (query.includeAll && level === 'instance')
  const { offset } = query
  const atOnce = hasMetadata ? metadataPageSize : pageSize
  // One more than asked for tells whether there are more.
  const first = await search(deps.db, scope, level, query, within, {
    limit: Math.min(asked, atOnce) + 1,
    offset,
    hasMetadata,
  })
  const ids =
    first.length <= atOnce
      ? undefined
      : await searchIds(deps.db, scope, level, query, within, { limit: asked + 1, offset })
  const isMore = (ids ?? first).length > asked
  const base = baseOf(deps.config, request)
  const warnings = [...query.warnings]
  if (isMore && query.limit === undefined) warnings.push(`There are more results than the ${asked} returned`)
  if (query.limit !== undefined && query.limit > asked) warnings.push(`The limit was lowered to ${asked}`)
  if (warnings.length > 0)
    reply.header(
      'warning',
      warnings.map((text) => `299 ${new URL(base).host} "${text.replace(/[^\x20-\x7e]|["\\]/g, '?')}"`).join(', '),
    )
  if (query.hasTotal) reply.header('x-total-count', await countMatches(deps.db, scope, level, query, within))
  reply.header('cache-control', 'private, no-store')
  if (first.length === 0 || asked === 0) return reply.code(204).send()

  const hasParents = { study: isWholeArchive, series: within.seriesInstanceUid === undefined }
  const build = (match: Match): string => buildMatch(match, level, query, base, hasParents)
  reply.type('application/dicom+json')
  if (!ids && !hasMetadata) return reply.send(`[${first.slice(0, asked).map(build).join(',\n')}]`)
  const pages = ids
    ? readPages(ids.slice(0, asked), (part) => readMatches(deps.db, scope, level, part, hasMetadata))
    : [first.slice(0, asked)]
  // Of texts, each of what some milliseconds make.
  return reply.send(Readable.from(stream(pages, build), { highWaterMark: 2 }))
}

/** Page by page, so that a series of many thousands never lies in memory, nor holds up whoever else is served. */
async function* stream(
  pages: Iterable<readonly Match[]> | AsyncIterable<readonly Match[]>,
  build: (match: Match) => string,
): AsyncGenerator<string> {
  let text = '['
  let begunAt = performance.now()
  let isFirst = true
  for await (const matches of pages) {
    for (const match of matches) {
      text += (isFirst ? '' : ',\n') + build(match)
      isFirst = false
      if (performance.now() - begunAt < turnMs) continue
      yield text
      text = ''
      await nextTurn()
      begunAt = performance.now()
    }
  }
  yield `${text}]`
}

const understood = new Set(['*/*', 'application/*', 'application/json', 'application/dicom+json'])

function checkAccept(request: Request): void {
  const { accept } = request.headers
  if (accept === undefined) return
  const types = parseAccept(accept).map((range) => range.type)
  if (types.length === 0 || types.some((type) => understood.has(type))) return
  throw new AppError('not-acceptable', 406, 'Search results are application/dicom+json.')
}
