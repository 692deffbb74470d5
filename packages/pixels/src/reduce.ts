interface Samples {
  readonly length: number
  [index: number]: number
}

/** Takes a picture in strips of rows and makes a smaller one of it. */
export interface Reducer<T> {
  /** Whole rows, pixel by pixel. */
  push(samples: ArrayLike<number>): void
  /** The smaller picture, once all rows have come. */
  finish(): { pixels: T; columns: number; rows: number }
}

/**
 * Means of squares of pixels: what one sees when standing further away. Squares at the far edges may be smaller.
 * @param edge of a square, in pixels
 * @param allocate an array for so many samples; whole numbers are rounded
 */
export function createReducer<T extends Samples>(
  size: { columns: number; rows: number; components: number },
  edge: number,
  allocate: (length: number) => T,
): Reducer<T> {
  const { columns, rows, components } = size
  const width = Math.ceil(columns / edge)
  const height = Math.ceil(rows / edge)
  const pixels = allocate(width * height * components)
  const isWhole = !(pixels instanceof Float32Array || pixels instanceof Float64Array)
  const sums = new Float64Array(width * components)
  const stride = columns * components
  let row = 0

  const flush = (): void => {
    const high = ((row - 1) % edge) + 1
    const first = Math.floor((row - 1) / edge) * width * components
    for (let column = 0; column < width; column += 1) {
      const count = high * Math.min(edge, columns - column * edge)
      for (let component = 0; component < components; component += 1) {
        const at = column * components + component
        const mean = sums[at]! / count
        pixels[first + at] = isWhole ? Math.round(mean) : mean
      }
    }
    sums.fill(0)
  }

  return {
    push(samples) {
      for (let from = 0; from + stride <= samples.length && row < rows; from += stride) {
        let at = from
        for (let column = 0; column < width; column += 1) {
          const count = Math.min(edge, columns - column * edge)
          if (components === 1) {
            let sum = 0
            for (let index = 0; index < count; index += 1) sum += samples[at++]!
            sums[column]! += sum
          } else {
            for (let index = 0; index < count; index += 1)
              for (let component = 0; component < components; component += 1)
                sums[column * components + component]! += samples[at++]!
          }
        }
        row += 1
        if (row % edge === 0 || row === rows) flush()
      }
    },
    finish: () => ({ pixels, columns: width, rows: height }),
  }
}
