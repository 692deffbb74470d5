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

/** The body, ended by the signal's reason even when the sender is silent. */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (signal === undefined) return yield* body
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => undefined)
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const iterator = body[Symbol.asyncIterator]()
  let done = false
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
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
