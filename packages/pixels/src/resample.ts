/** A picture for screens: 8 bits, grey or red green blue. */
export interface Picture {
  pixels: Uint8Array<ArrayBuffer>
  columns: number
  rows: number
  components: 1 | 3
}

/** A part of an image in pixels; a negative extent means that it is mirrored, and its left or top is still the smaller one. */
export interface Part {
  left: number
  top: number
  width: number
  height: number
}

interface Placement {
  region?: Part | undefined
  viewport?: { width: number; height: number; isEnlarging: boolean } | undefined
}

/**
 * Cuts out, mirrors and scales a picture. Smaller pictures are means of what they cover, larger ones are straight lines
 * between pixels.
 * @param aspect height of a pixel in pixel widths; matters only where there is a viewport to fit into
 */
export function resample(picture: Picture, aspect: number, { region, viewport }: Placement): Picture {
  const part = region ?? { left: 0, top: 0, width: picture.columns, height: picture.rows }
  const [width, height] = [Math.abs(part.width), Math.abs(part.height)]
  const size = pictureSize(picture, aspect, { region, viewport })
  const across = weigh(part.left, width, size.columns, part.width < 0)
  const down = weigh(part.top, height, size.rows, part.height < 0)
  if (!region && size.columns === picture.columns && size.rows === picture.rows) return picture

  const { components } = picture
  const stride = picture.columns * components
  const line = new Float32Array(size.columns * components)
  const pixels = new Uint8Array(size.columns * size.rows * components)
  // Rows are scaled across once and kept while the next lines still need them.
  const scaled = new Map<number, Float32Array>()
  for (let row = 0; row < size.rows; row += 1) {
    line.fill(0)
    const { first, weights } = down[row]!
    for (const known of scaled.keys()) if (known < first || known >= first + weights.length) scaled.delete(known)
    for (const [step, weight] of weights.entries()) {
      const source = first + step
      let values = scaled.get(source)
      if (!values) {
        values = scaleLine(picture.pixels, source * stride, across, components)
        scaled.set(source, values)
      }
      for (let at = 0; at < line.length; at += 1) line[at]! += values[at]! * weight
    }
    const to = row * line.length
    for (let at = 0; at < line.length; at += 1) pixels[to + at] = line[at]! + 0.5
  }
  return { pixels, columns: size.columns, rows: size.rows, components }
}

/** Columns and rows of what `resample` makes of a picture. */
export function pictureSize(
  picture: { columns: number; rows: number },
  aspect: number,
  { region, viewport }: Placement,
): { columns: number; rows: number } {
  const part = region ?? { width: picture.columns, height: picture.rows }
  const [width, height] = [Math.abs(part.width), Math.abs(part.height)]
  return viewport ? fit(width, height * aspect, viewport) : { columns: width, rows: height }
}

/** The largest size of this shape in the viewport. */
function fit(
  width: number,
  height: number,
  viewport: NonNullable<Placement['viewport']>,
): { columns: number; rows: number } {
  const most = viewport.isEnlarging ? Number.POSITIVE_INFINITY : 1
  const scale = Math.min(viewport.width / width, viewport.height / height, most)
  return { columns: Math.max(1, Math.round(width * scale)), rows: Math.max(1, Math.round(height * scale)) }
}

interface Weights {
  first: number
  weights: number[]
}

/** Which source pixels make each pixel of an edge, and with how much of them. */
function weigh(from: number, length: number, count: number, isMirrored: boolean): Weights[] {
  const step = length / count
  const all = Array.from({ length: count }, (_, index): Weights => {
    if (step >= 1) {
      const [start, end] = [index * step, Math.min(length, (index + 1) * step)]
      const first = Math.floor(start)
      const last = Math.max(first, Math.ceil(end - 1e-9) - 1)
      const weights = Array.from({ length: last - first + 1 }, (_weight, at) => {
        return (Math.min(end, first + at + 1) - Math.max(start, first + at)) / (end - start)
      })
      return { first: from + first, weights }
    }
    const centre = Math.min(length - 1, Math.max(0, (index + 0.5) * step - 0.5))
    const first = Math.min(Math.floor(centre), Math.max(0, length - 2))
    const share = centre - first
    return { first: from + first, weights: length === 1 ? [1] : [1 - share, share] }
  })
  return isMirrored ? all.reverse() : all
}

function scaleLine(pixels: Uint8Array, start: number, across: readonly Weights[], components: number): Float32Array {
  const line = new Float32Array(across.length * components)
  for (let column = 0; column < across.length; column += 1) {
    const { first, weights } = across[column]!
    for (let component = 0; component < components; component += 1) {
      let sum = 0
      let at = start + first * components + component
      for (let step = 0; step < weights.length; step += 1, at += components) sum += pixels[at]! * weights[step]!
      line[column * components + component] = sum
    }
  }
  return line
}
