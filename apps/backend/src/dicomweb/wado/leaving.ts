import type { FastifyReply } from 'fastify'
import { AppError } from '../../app-error.ts'

/** Aborted when the client has left: what it waited for is not begun any more. */
export function leaving({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new AppError('client-left', 499, 'The client has left.'))
  })
  return controller.signal
}
