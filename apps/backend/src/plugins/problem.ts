import type { Problem } from '@instandt/api'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import type { App } from '../deps.ts'

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}

const retryAfterSeconds = 5

/** Answers every error as problem+json (RFC 9457) with the request id; what is inside stays in the log. */
export function addProblems(app: App, isDatabaseUp: () => Promise<boolean>): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const fault = await asAppError(error, isDatabaseUp)
    if (fault.status >= 500) request.log.error({ err: error, code: fault.code }, 'request failed')
    else request.log.debug({ code: fault.code, detail: fault.message }, 'request refused')
    return sendProblem(request, reply, fault)
  })
  const allowedAt = collectMethods(app)
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const allowed = allowedAt(path)
    if (allowed.length === 0)
      return sendProblem(request, reply, new AppError('no-such-route', 404, `There is nothing at ${path}.`))
    reply.header('allow', allowed.join(', '))
    const words = `${request.method} is not possible at ${path}.`
    return sendProblem(request, reply, new AppError('method-not-allowed', 405, words))
  })
}

/** Which methods an address has (RFC 9110 15.5.6); pages, which answer everywhere, are not meant. */
function collectMethods(app: App): (path: string) => string[] {
  const methodsOf = new Map<string, { form: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*' || url === '/*') return
    const form = url
      .replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replace(/:\w+/g, '[^/]+')
      .replaceAll('*', '.+')
    const known = methodsOf.get(url) ?? { form: new RegExp(`^${form}/?$`), methods: new Set() }
    for (const one of [method].flat()) known.methods.add(one)
    methodsOf.set(url, known)
  })
  return (path) => [
    ...new Set([...methodsOf.values()].flatMap(({ form, methods }) => (form.test(path) ? [...methods] : []))),
  ]
}

async function asAppError(error: FastifyError, isDatabaseUp: () => Promise<boolean>): Promise<AppError> {
  if (error instanceof AppError) return error
  const status = error.statusCode
  // The framework's own refusals: a malformed address, a body too large, an unknown content type.
  if (status !== undefined && status >= 400 && status < 500) {
    return new AppError(
      (error.code ?? 'bad-request')
        .toLowerCase()
        .replace(/^fst_(err_)?/, '')
        .replaceAll('_', '-'),
      status,
      error.message,
    )
  }
  // character_not_in_repertoire: PostgreSQL takes no NUL in text, and nothing that we look for holds one.
  if (error.code === '22021') return new AppError('malformed-text', 400, 'Text holds no NUL.', { cause: error })
  // Drivers name a lost connection in many ways; whether the database answers is the same question without guessing.
  if (!(await isDatabaseUp())) {
    return new AppError('database-unavailable', 503, 'The database does not answer at the moment.', { cause: error })
  }
  return new AppError('internal', 500, 'Something went wrong here. The request id finds it in the log.', {
    cause: error,
  })
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, fault: AppError): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: titles[fault.status] ?? 'Error',
    status: fault.status,
    detail: fault.message,
    code: fault.code,
    requestId: request.id,
  }
  // Also for requests that no hook has seen, such as malformed addresses.
  reply.header('x-request-id', request.id)
  if (fault.status === 503) reply.header('retry-after', retryAfterSeconds)
  if (fault.status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(fault.status).type('application/problem+json').send(JSON.stringify(problem))
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0]?.slice(0, 200) ?? ''
