/** Shows one image after the other, as fast as is asked for and as they come. */
export interface Cine {
  start: () => void
  stop: () => void
}

export function createCine(fps: () => number, isReady: () => boolean, next: () => void): Cine {
  let request = 0
  const tick = (last: number): void => {
    request = requestAnimationFrame((now) => {
      // A frame that is not here yet is waited for, not left out.
      const isDue = now - last >= 1000 / fps() - 2 && isReady()
      if (isDue) next()
      tick(isDue ? now : last)
    })
  }
  return {
    start() {
      cancelAnimationFrame(request)
      tick(performance.now())
    },
    stop: () => cancelAnimationFrame(request),
  }
}
