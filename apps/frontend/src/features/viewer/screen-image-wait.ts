import type { FrameAddress, FrameStore } from './engine/index.ts'

const askMs = 2000

/** Asks now and then until the image for screens is there, or will not come. */
export function waitForScreenImage(store: FrameStore, address: FrameAddress, onEnd: () => void): () => void {
  const waiting = new AbortController()
  const { signal } = waiting
  let timer = setTimeout(ask, askMs)

  async function ask(): Promise<void> {
    // The network may come back as well.
    const state = await store.screenImage(address, signal).catch(() => 'waiting')
    if (signal.aborted) return
    if (state === 'waiting') timer = setTimeout(ask, askMs)
    else onEnd()
  }

  return () => {
    clearTimeout(timer)
    waiting.abort()
  }
}
