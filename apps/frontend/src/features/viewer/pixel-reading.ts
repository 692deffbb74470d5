import { fetchValuesAt, type PixelValues, type Point, type ShownFrame, valuesAt } from './engine/index.ts'

/** What is under the cursor. */
export interface PixelReading {
  x: number
  y: number
  /** Undefined while full resolution is on its way: a reduced picture has no values. */
  values: PixelValues | undefined
}

export const readPixel = (frame: ShownFrame, { x, y }: Point): PixelReading => ({ x, y, values: valuesAt(frame, x, y) })

// A pointer that only passes over a large image asks for nothing.
const restMs = 120

/** Fetches what the last reading lacks, once it has stayed for a moment. */
export function createValueFetcher(onHere: () => void) {
  let last: { frame: ShownFrame; reading: PixelReading } | undefined
  let controller = new AbortController()
  const stop = (): void => {
    controller.abort()
    last = undefined
  }
  return {
    /** The reading is what the screen says now. */
    follow(frame: ShownFrame | undefined, reading: PixelReading | undefined): void {
      if (!frame || !reading || reading.values) return stop()
      if (last?.frame === frame && last.reading.x === reading.x && last.reading.y === reading.y) return
      stop()
      last = { frame, reading }
      controller = new AbortController()
      const { signal } = controller
      setTimeout(() => {
        if (signal.aborted) return
        fetchValuesAt(frame, reading.x, reading.y, signal).then(
          () => {
            if (!signal.aborted) onHere()
          },
          // Moving the pointer asks again.
          () => undefined,
        )
      }, restMs)
    },
    stop,
  }
}
