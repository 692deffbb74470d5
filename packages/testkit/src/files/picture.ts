/** A field of numbers, row by row. */
export interface Picture {
  columns: number
  rows: number
  values: Float32Array
}

export function createPicture(columns: number, rows: number, fill = 0): Picture {
  return { columns, rows, values: new Float32Array(columns * rows).fill(fill) }
}

/** Weights of a Gaussian of `sigma` pixels, their sum 1. */
function gaussian(sigma: number): number[] {
  const reach = Math.max(1, Math.ceil(sigma * 3))
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma * sigma)))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** Blurs in place; the edge pixel goes on outside. */
export function blur({ columns, rows, values }: Picture, sigma: number): void {
  const weights = gaussian(sigma)
  const reach = (weights.length - 1) / 2
  const line = new Float32Array(Math.max(columns, rows) + 2 * reach)
  const pass = (start: number, step: number, length: number): void => {
    for (let at = -reach; at < length + reach; at += 1) {
      line[at + reach] = values[start + Math.min(Math.max(at, 0), length - 1) * step] as number
    }
    for (let at = 0; at < length; at += 1) {
      let sum = 0
      for (let tap = 0; tap < weights.length; tap += 1) sum += (line[at + tap] as number) * (weights[tap] as number)
      values[start + at * step] = sum
    }
  }
  for (let row = 0; row < rows; row += 1) pass(row * columns, 1, columns)
  for (let column = 0; column < columns; column += 1) pass(column, columns, rows)
}

/** Adds `amount(x, y)`, averaged over `samples`² points of each pixel, inside a box; pixel centres are whole numbers. */
export function addShape(
  { columns, rows, values }: Picture,
  box: { left: number; top: number; right: number; bottom: number },
  samples: number,
  amount: (x: number, y: number) => number,
): void {
  const last = { column: Math.min(columns - 1, Math.ceil(box.right)), row: Math.min(rows - 1, Math.ceil(box.bottom)) }
  for (let row = Math.max(0, Math.floor(box.top)); row <= last.row; row += 1) {
    for (let column = Math.max(0, Math.floor(box.left)); column <= last.column; column += 1) {
      let sum = 0
      for (let at = 0; at < samples * samples; at += 1) {
        sum += amount(
          column - 0.5 + ((at % samples) + 0.5) / samples,
          row - 0.5 + (Math.floor(at / samples) + 0.5) / samples,
        )
      }
      values[row * columns + column] = (values[row * columns + column] as number) + sum / (samples * samples)
    }
  }
}

/** Length of the way through a ball or wire of radius `radius` at `distance` from its middle. */
export function chord(radius: number, distance: number): number {
  return distance >= radius || distance <= -radius ? 0 : 2 * Math.sqrt(radius * radius - distance * distance)
}

/** Whole numbers from 0 to `highest`. */
export function toUint16({ values }: Picture, highest: number): Uint16Array {
  return Uint16Array.from(values, (value) => Math.min(highest, Math.max(0, Math.round(value))))
}
