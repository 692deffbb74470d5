import { createRandom } from '@instandt/testkit/files'

export interface RadiographOptions {
  columns: number
  rows: number
  bits: number
  /** Standard deviation of the noise in stored values. */
  noise: number
  seed: number
}

/** A plate with a weld and pores as a detector sees it: smooth slopes, a few sharp edges, and noise, which is what costs bytes. */
export function drawRadiograph({ columns, rows, bits, noise, seed }: RadiographOptions): Uint8Array {
  const top = 2 ** bits - 1
  const random = createRandom(seed, 'viewer-speed')
  // A prime length: no row repeats another.
  const grain = Float32Array.from({ length: 1_000_003 }, () => random.normal() * noise)
  const pores = Array.from({ length: 60 }, () => ({
    x: random.between(0, columns),
    y: rows * random.between(0.42, 0.58),
    radius: random.between(columns / 900, columns / 150),
    depth: random.between(0.02, 0.08) * top,
  }))
  // Thicker towards one side; the bead takes away light.
  const across = Float32Array.from({ length: columns }, (_, x) => top * (0.3 + (0.25 * x) / columns))
  const along = Float32Array.from({ length: rows }, (_, y) => {
    const fromBead = (y / rows - 0.5 - 0.01 * seed) / 0.07
    return -0.14 * top * Math.exp(-(fromBead ** 4)) + 0.02 * top * Math.sin((4 * Math.PI * y) / rows)
  })
  const values = new Uint16Array(columns * rows)
  let at = 0
  let place = 0
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      values[at] = Math.min(top, Math.max(0, across[x]! + along[y]! + grain[place]!))
      at += 1
      place = place + 1 === grain.length ? 0 : place + 1
    }
  }
  for (const { x, y, radius, depth } of pores) {
    for (let row = Math.max(0, Math.ceil(y - radius)); row < Math.min(rows, y + radius); row += 1) {
      for (let column = Math.max(0, Math.ceil(x - radius)); column < Math.min(columns, x + radius); column += 1) {
        const height = 1 - ((column - x) ** 2 + (row - y) ** 2) / radius ** 2
        const pixel = row * columns + column
        if (height > 0) values[pixel] = Math.min(top, values[pixel]! + depth * Math.sqrt(height))
      }
    }
  }
  return new Uint8Array(values.buffer)
}
