import { instanceUrl, storeAnswer, studyUrl } from '@instandt/api'
import {
  type FailedInstance,
  MediaTypeError,
  MultipartError,
  buildStoreResponse,
  failureReasons,
  type Dataset,
  parseAccept,
  parseMediaType,
  splitMultipart,
  stringifyDataset,
  type MediaType,
} from '@instandt/dicom'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../app-error.ts'
import { addAuditEvent } from '../../data/audit.ts'
import { createInstanceWriter } from '../../data/group-commit.ts'
import type { App, Deps } from '../../deps.ts'
import { requireDefaultProject } from '../../plugins/access.ts'
import { asBodyFault, checkEncoding, openRawBody, takeRawBodies } from '../../raw-body.ts'
import { baseOf, bases } from '../places.ts'
import { refusalEvent, type StoreOutcome, storeInstance } from './store-instance.ts'

type Request = FastifyRequest<{ Params: { study?: string } }>

// Parts whose bytes are in while their flush or commit is still under way; each holds a few KiB.
const maxPending = 32

// A client that sends nothing for so long has gone, whatever its connection says.
const silenceMs = 120_000

const understoodPart = /^\s*application\/(dicom|octet-stream)\s*(;|$)/i

/** STOW-RS (PS3.18 10.5): multipart/related and single parts of application/dicom, streamed part by part. */
export function stowRoutes(app: App, deps: Deps): void {
  const writer = createInstanceWriter(deps.db, deps.log)

  let atOnce = 0
  const handler = async (request: Request, reply: FastifyReply): Promise<FastifyReply> => {
    atOnce += 1
    try {
      return await handle(request, reply)
    } finally {
      atOnce -= 1
    }
  }

  const handle = async (request: Request, reply: FastifyReply): Promise<FastifyReply> => {
    const { study } = request.params
    const scope = requireDefaultProject(request)
    const contentType = readContentType(request)
    const isSinglePart = contentType.type === 'application/dicom'
    checkAccept(request)
    checkEncoding(request)
    if (isSinglePart) checkLength(request, deps.config.STORE_MAX_INSTANCE_BYTES)
    const body = openRawBody(request, silenceMs)
    const requestBytes = Number(request.headers['content-length'] ?? 0)
    const outcomes: StoreOutcome[] = []
    const pending = new Set<Promise<void>>()
    let fault: unknown

    /** Starts one part and returns when its bytes are read; its flush and commit go on beside the next part. */
    const start = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
      const index = outcomes.length
      outcomes.push({ kind: 'refused', failureReason: 0, comment: '' })
      let consumed: () => void = () => undefined
      const isConsumed = new Promise<void>((resolve) => {
        consumed = resolve
      })
      const options = { expectedStudy: study, requestBytes, atOnce }
      const work = storeInstance(deps, writer, scope, whenRead(body, consumed), options)
        .then(
          (outcome) => {
            outcomes[index] = outcome
          },
          (error: unknown) => {
            fault ??= error
          },
        )
        .finally(() => pending.delete(work))
      pending.add(work)
      await Promise.race([isConsumed, work])
      while (pending.size >= maxPending) await Promise.race(pending)
    }

    let bodyFault: unknown
    try {
      if (isSinglePart) await start(body)
      else {
        for await (const part of splitMultipart(body, contentType.parameters.get('boundary') ?? '')) {
          const partType = part.headers.get('content-type')
          if (partType === undefined || understoodPart.test(partType)) await start(part.body)
          else
            outcomes.push({
              kind: 'refused',
              failureReason: failureReasons.cannotUnderstand,
              comment: 'The part is not application/dicom.',
            })
          if (fault !== undefined) break
        }
      }
    } catch (error) {
      bodyFault = error
    }
    // Whatever happens to the rest of the body, what was sent is settled before the answer.
    await Promise.all(pending)
    if (!(await body.drain())) reply.header('connection', 'close')
    if (fault !== undefined || bodyFault !== undefined) {
      throw bodyFault instanceof MultipartError || fault === undefined ? asRequestFault(bodyFault) : fault
    }
    if (outcomes.length === 0) throw new AppError('no-instances', 400, 'The body holds no instance.')
    const refusal = refusalEvent(outcomes)
    if (refusal) await addAuditEvent(deps.db.pool, scope, refusal)
    return answer(request, reply, outcomes, isSinglePart)
  }

  void app.register(async (uploads) => {
    takeRawBodies(uploads as App)
    const route = { method: 'POST', config: { permission: 'store' }, handler } as const
    for (const base of bases) {
      uploads.route({ ...route, url: `${base}/studies` })
      uploads.route({ ...route, url: `${base}/studies/:study` })
    }
  })

  function answer(
    request: Request,
    reply: FastifyReply,
    outcomes: readonly StoreOutcome[],
    isSinglePart: boolean,
  ): FastifyReply {
    const base = baseOf(deps.config, request)
    const failed = outcomes.flatMap((outcome, index): FailedInstance[] =>
      outcome.kind === 'refused' ? [failedInstance(outcome, index)] : [],
    )
    const stored = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [] : [outcome]))
    const studies = new Set(stored.map(({ uids }) => uids.study))
    const [onlyStudy] = studies
    const dataset = buildStoreResponse({
      ...(studies.size === 1 && onlyStudy !== undefined ? { studyUrl: studyUrl(onlyStudy, base) } : {}),
      stored: stored.map(({ kind, uids }) => ({
        sopClassUid: uids.sopClass,
        sopInstanceUid: uids.instance,
        retrieveUrl: instanceUrl(uids.study, uids.series, uids.instance, base),
        ...(kind === 'already-stored'
          ? { attributes: privateBlock({ [storeAnswer.outcomeTag]: { vr: 'CS', Value: [storeAnswer.present] } }) }
          : {}),
      })),
      failed,
    })
    const isTooLarge = isSinglePart && outcomes[0]?.kind === 'refused' && outcomes[0].isTooLarge === true
    // PS3.18 10.5.3: 200 all, 202 some, 409 none.
    const status = isTooLarge ? 413 : failed.length === 0 ? 200 : stored.length > 0 ? 202 : 409
    return reply.code(status).type('application/dicom+json').send(stringifyDataset(dataset))
  }
}

const privateBlock = (elements: Dataset): Dataset => ({
  [storeAnswer.creatorTag]: { vr: 'LO', Value: [storeAnswer.creator] },
  ...elements,
})

function failedInstance(outcome: Extract<StoreOutcome, { kind: 'refused' }>, index: number): FailedInstance {
  const { failureReason, comment, uids } = outcome
  return {
    failureReason,
    comment,
    attributes: privateBlock({
      [storeAnswer.partTag]: { vr: 'UL', Value: [index + 1] },
      ...(comment.length > 64 ? { [storeAnswer.reasonTag]: { vr: 'LT', Value: [comment] } } : {}),
    }),
    ...(uids?.sopClass === undefined ? {} : { sopClassUid: uids.sopClass }),
    ...(uids?.instance === undefined ? {} : { sopInstanceUid: uids.instance }),
  }
}

async function* whenRead(body: AsyncIterable<Uint8Array>, consumed: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } finally {
    consumed()
  }
}

function readContentType(request: Request): MediaType {
  const header = request.headers['content-type']
  if (header === undefined)
    throw new AppError(
      'missing-content-type',
      415,
      'The Content-Type is missing; application/dicom or multipart/related is expected.',
    )
  let contentType: MediaType
  try {
    contentType = parseMediaType(header)
  } catch (error) {
    if (error instanceof MediaTypeError) throw new AppError('bad-content-type', 400, error.message)
    throw error
  }
  if (contentType.type === 'application/dicom') return contentType
  const rootType = contentType.parameters.get('type')?.toLowerCase() ?? 'application/dicom'
  if (contentType.type !== 'multipart/related' || rootType !== 'application/dicom') {
    throw new AppError(
      'unsupported-content-type',
      415,
      `Instances are taken as application/dicom or multipart/related; type="application/dicom", not as ${header.slice(0, 120)}.`,
    )
  }
  if (!contentType.parameters.get('boundary'))
    throw new AppError('missing-boundary', 400, 'The Content-Type multipart/related names no boundary.')
  return contentType
}

/** Refuses by its announced length what would be refused by its real one. */
function checkLength(request: Request, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes)
    throw new AppError('file-too-large', 413, `The file is larger than ${maxBytes} bytes.`)
}

/** The answer is DICOM JSON; a client that takes nothing of the kind is told so before it sends gigabytes. */
function checkAccept(request: Request): void {
  const { accept } = request.headers
  if (accept === undefined) return
  const types = parseAccept(accept).map((range) => range.type)
  if (
    types.length === 0 ||
    types.some((type) => ['*/*', 'application/*', 'application/json', 'application/dicom+json'].includes(type))
  )
    return
  throw new AppError('not-acceptable', 406, 'The answer of a store request is application/dicom+json.')
}

function asRequestFault(error: unknown): unknown {
  return error instanceof MultipartError
    ? new AppError(error.code, 400, error.message, { cause: error })
    : asBodyFault(error)
}
