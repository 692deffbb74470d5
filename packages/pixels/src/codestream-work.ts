// How much a codestream of JPEG 2000 or HTJ2K makes its decoder do, counted from its headers (ISO/IEC 15444-1 annex A and
// B): tiles, precincts, code-blocks and packets take memory and time although not a byte of them need be there.

const markers = { siz: 0xff51, cod: 0xff52, coc: 0xff53, poc: 0xff5f, sot: 0xff90, sod: 0xff93 }
// Behind a marker of another kind decoders look for the next one they know, wherever it stands.
const known = new Set(
  [
    0x50, 0x52, 0x53, 0x55, 0x56, 0x57, 0x59, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x63, 0x64, 0x74, 0x75, 0x76, 0x77, 0x78,
  ].map((low) => 0xff00 + low),
)
const mostLevels = 32
const mostStyles = 16

/** Of so many there may be a few whatever the size, and beyond those one for so many samples. */
const limits = {
  tiles: { free: 64, samples: 1024 },
  precincts: { free: 4096, samples: 128 },
  'code-blocks': { free: 16_384, samples: 64 },
  packets: { free: 1_000_000, samples: 16 },
} as const

interface CodingStyle {
  levels: number
  blockColumns: number
  blockRows: number
  /** Exponents of precincts, one byte for each resolution; without them they are as large as can be. */
  precincts: Uint8Array
}

/** Columns or rows of the picture and of its tiles on the reference grid. */
interface Axis {
  from: number
  to: number
  tileFrom: number
  tileLength: number
}

/** @throws {Error} more than a picture of this size can have use for */
export function checkWork(codestream: Uint8Array<ArrayBuffer>): void {
  const view = new DataView(codestream.buffer, codestream.byteOffset, codestream.byteLength)
  const axis = (at: number): Axis => ({
    to: view.getUint32(at),
    from: view.getUint32(at + 8),
    tileLength: view.getUint32(at + 16),
    tileFrom: view.getUint32(at + 24),
  })
  const [across, down] = [axis(8), axis(12)]
  const components = view.getUint16(40)
  const samples = (across.to - across.from) * (down.to - down.from) * components
  const check = (what: keyof typeof limits, count: number): void => {
    // Lengths of 0 make it infinite, or no number at all.
    if (!(count <= limits[what].free + samples / limits[what].samples))
      throw new Error(`${count} ${what} are too many for ${samples} samples`)
  }
  check('tiles', tilesAlong(across) * tilesAlong(down))
  if (codestream.length < 42 + 3 * components) throw new Error('the header is cut off')

  const { styles, layers, orders } = readStyles(codestream, view)
  let precincts = 0
  let blocks = 0
  for (let component = 0; component < components; component += 1) {
    const steps = [codestream[43 + component * 3]!, codestream[44 + component * 3]!] as const
    const counts = styles.map((style) => count(style, [across, down], steps))
    precincts += Math.max(0, ...counts.map((each) => each.precincts))
    blocks += Math.max(0, ...counts.map((each) => each.blocks))
  }
  check('precincts', precincts)
  check('code-blocks', blocks)
  check('packets', precincts * layers * orders)
}

const tilesAlong = ({ to, tileFrom, tileLength }: Axis): number => Math.ceil((to - tileFrom) / tileLength)

/** The coding styles anywhere in its headers: which tile and component each is for does not matter for what is at most. */
function readStyles(codestream: Uint8Array, view: DataView): { styles: CodingStyle[]; layers: number; orders: number } {
  const styles = new Map<string, CodingStyle>()
  let layers = 0
  let orders = 1
  let isInMain = true
  let partEnd = 0
  const addStyle = (at: number, hasPrecincts: boolean): void => {
    const [levels = 0, width = 0, height = 0] = codestream.subarray(at, at + 3)
    const precincts = hasPrecincts ? codestream.subarray(at + 5, at + 6 + levels) : new Uint8Array()
    const style = { levels: Math.min(levels, mostLevels), blockColumns: width + 2, blockRows: height + 2, precincts }
    styles.set([levels, width, height, ...precincts].join(' '), style)
    if (styles.size > mostStyles) throw new Error(`more than ${mostStyles} coding styles in one codestream`)
  }
  for (let at = 2; at + 4 <= codestream.length;) {
    const marker = view.getUint16(at)
    const next = at + 2 + view.getUint16(at + 2)
    if (marker === markers.sot) {
      if (at + 12 > codestream.length) break
      isInMain = false
      const byteLength = view.getUint32(at + 6)
      partEnd = byteLength === 0 ? codestream.length : at + byteLength
    } else if (marker === markers.sod) {
      // A tile-part may claim to end before its own header does.
      at = Math.max(partEnd, at + 2)
      continue
    } else if (isInMain && marker !== markers.siz && !known.has(marker)) {
      throw new Error(`an unknown marker ${marker.toString(16)} in the header`)
    } else if (next > codestream.length) break
    if (marker === markers.cod) {
      layers = Math.max(layers, view.getUint16(at + 6))
      addStyle(at + 9, (codestream[at + 4]! & 1) === 1)
    } else if (marker === markers.coc) addStyle(at + 6, (codestream[at + 5]! & 1) === 1)
    else if (marker === markers.poc) orders += Math.ceil((next - at - 4) / 7)
    at = Math.max(next, at + 4)
  }
  return { styles: [...styles.values()], layers, orders }
}

/** Of one component, in all tiles. */
function count(
  { levels, blockColumns, blockRows, precincts }: CodingStyle,
  [across, down]: readonly [Axis, Axis],
  [columnStep, rowStep]: readonly [number, number],
): { precincts: number; blocks: number } {
  const sum = { precincts: 0, blocks: 0 }
  for (let resolution = 0; resolution <= levels; resolution += 1) {
    const halvings = levels - resolution
    const exponents = precincts[resolution] ?? 0xff
    const [width, height] = [exponents & 15, exponents >> 4]
    const scale = 2 ** halvings
    sum.precincts += pieces(across, columnStep * scale, 2 ** width) * pieces(down, rowStep * scale, 2 ** height)
    // The lowest resolution is one band; each other one adds three of half its size.
    const half = resolution === 0 ? 0 : 1
    const bandScale = scale * 2 ** half
    sum.blocks +=
      (half === 0 ? 1 : 3) *
      pieces(across, columnStep * bandScale, 2 ** Math.max(0, Math.min(blockColumns, width - half))) *
      pieces(down, rowStep * bandScale, 2 ** Math.max(0, Math.min(blockRows, height - half)))
  }
  return sum
}

/** Pieces of so many samples along one axis, each tile cut for itself. */
function pieces(axis: Axis, scale: number, length: number): number {
  let sum = 0
  for (let tile = 0; tile < tilesAlong(axis); tile += 1) {
    const begin = axis.tileFrom + tile * axis.tileLength
    const from = Math.ceil(Math.max(begin, axis.from) / scale)
    const to = Math.ceil(Math.min(begin + axis.tileLength, axis.to) / scale)
    if (to > from) sum += Math.ceil(to / length) - Math.floor(from / length)
  }
  return sum
}
