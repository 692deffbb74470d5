/** Lets an upload pause, go on, and end. */
export interface UploadGate {
  /** Aborted by the next pause and by the end: whatever is begun takes the one of its moment along. */
  readonly signal: AbortSignal
  readonly isClosed: boolean
  close(): void
  open(): void
  /** For good. */
  cancel(): void
  /**
   * Waits so many milliseconds, or until a pause begins; then as long as the pause lasts.
   * @throws AbortError once it is cancelled
   */
  wait(milliseconds: number): Promise<void>
}

const abortError = (words: string): DOMException => new DOMException(words, 'AbortError')

export function createGate(): UploadGate {
  let current = new AbortController()
  let isCancelled = false
  let closed: { opened: Promise<void>; open: () => void } | undefined

  const throwIfCancelled = (): void => {
    if (isCancelled) throw abortError('The upload was cancelled.')
  }

  return {
    get signal() {
      return current.signal
    },
    get isClosed() {
      return closed !== undefined
    },
    close() {
      if (closed || isCancelled) return
      const { promise, resolve } = Promise.withResolvers<void>()
      closed = { opened: promise, open: resolve }
      current.abort(abortError('The upload is paused.'))
    },
    open() {
      if (!closed) return
      current = new AbortController()
      closed.open()
      closed = undefined
    },
    cancel() {
      isCancelled = true
      current.abort(abortError('The upload was cancelled.'))
      closed?.open()
      closed = undefined
    },
    async wait(milliseconds) {
      const { signal } = current
      if (milliseconds > 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer)
            signal.removeEventListener('abort', finish)
            resolve()
          }
          const timer = setTimeout(finish, milliseconds)
          signal.addEventListener('abort', finish)
        })
      }
      while (closed) await closed.opened
      throwIfCancelled()
    },
  }
}
