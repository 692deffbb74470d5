import { AppError } from '../app-error.ts'

/** Both stores refuse a body that is not as long as its sender said. */
export function checkLength(byteLength: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== byteLength) {
    throw new AppError(
      'body-length-mismatch',
      400,
      `The body has ${byteLength} bytes where ${expected} were announced.`,
    )
  }
}

/** The body, if it has exactly so many bytes; none beyond them is handed on. */
export async function* ofLength(body: AsyncIterable<Uint8Array>, expected: number): AsyncGenerator<Uint8Array> {
  let byteLength = 0
  for await (const chunk of body) {
    byteLength += chunk.length
    if (byteLength > expected) checkLength(byteLength, expected)
    yield chunk
  }
  checkLength(byteLength, expected)
}

export const partsMissing = (cause?: unknown): AppError =>
  new AppError('parts-missing', 409, 'The store has not all parts of this object.', { cause })

/** A store that keeps what it has, for a time of its own or by a hold, whatever we ask. */
export const immutable = (cause: unknown): AppError =>
  new AppError('blob-immutable', 409, 'The image store keeps these bytes by a rule of its own.', { cause })

/** The body, ended by the signal's reason even when the sender is silent. */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal === undefined) return yield* body
  let reject: ((reason: unknown) => void) | undefined
  const onAbort = (): void => reject?.(signal.reason)
  signal.addEventListener('abort', onAbort)
  const iterator = body[Symbol.asyncIterator]()
  let done = false
  try {
    for (;;) {
      signal.throwIfAborted()
      // Not a race against one lasting promise: that would hold on to every chunk until the end.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolveStep, rejectStep) => {
        reject = rejectStep
        iterator.next().then(resolveStep, rejectStep)
      })
      if (next.done) {
        done = true
        return
      }
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a silent sender would keep the abort from taking effect.
    if (!done) iterator.return?.().catch(() => undefined)
  }
}
