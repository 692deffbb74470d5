import { blur, createPicture, type Picture } from './picture.ts'
import { createRandom, createWander } from './random.ts'

/** Two plies that came apart: no back wall behind it, an echo of its own before. */
export interface Delamination {
  /** Middle, pixels. */
  column: number
  row: number
  /** Half axes, mm. */
  halfWidth: number
  halfHeight: number
  /** mm below the surface. */
  depth: number
}

export interface UltrasonicCscan {
  columns: number
  rows: number
  /** mm a pixel: index and scan step. */
  spacing: number
  /** mm between two frames of the stack. */
  depthStep: number
  /** Highest echo of each depth gate, 0 to 255 = 0 to 100 % of full screen height. */
  frames: Uint8Array[]
  /** Height of the back-wall echo in the colours of the machine: red, green, blue for every pixel. */
  backWallColours: Uint8Array
  delaminations: Delamination[]
}

const spacing = 0.5
const thickness = 6

/** The machine's palette: dark blue for silence over green and yellow to red for a full echo. */
function paint(share: number): [red: number, green: number, blue: number] {
  const stops = [
    [18, 20, 92],
    [24, 92, 200],
    [30, 176, 186],
    [72, 190, 74],
    [236, 214, 56],
    [232, 112, 32],
    [196, 26, 30],
  ] as const
  const place = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1)
  const from = stops[Math.floor(place)] ?? stops[0]
  const to = stops[Math.floor(place) + 1] ?? from
  const part = place - Math.floor(place)
  const mix = (channel: 0 | 1 | 2): number => Math.round(from[channel] + (to[channel] - from[channel]) * part)
  return [mix(0), mix(1), mix(2)]
}

interface Panel {
  /** 1 where the plies have come apart, 0 where sound. */
  loose: { picture: Picture; depth: number }[]
  /** Share of the echo that the panel itself lets through: plies, stiffeners, fasteners. */
  sound: Picture
}

function layPanel(seed: number, columns: number, rows: number, delaminations: readonly Delamination[]): Panel {
  const random = createRandom(seed, 'cscan panel')
  const sound = createPicture(columns, rows, 1)
  const weaveA = createWander(random, 9)
  const weaveB = createWander(random, 9)
  const cloud = [createWander(random, 160), createWander(random, 210), createWander(random, 120)] as const
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const weave = 0.025 * weaveA(column + row) + 0.025 * weaveB(column - row)
      const slow = 0.035 * (cloud[0](column) + cloud[1](row) + cloud[2](column * 0.6 + row))
      // Two stiffeners bonded behind the skin take sound away; their feet less.
      let share = 0.86 + weave + slow
      for (const stiffener of [0.3, 0.7]) {
        const distance = Math.abs(row - stiffener * rows - 3 * cloud[0](column + 400)) * spacing
        if (distance < 11) share *= distance < 4 ? 0.34 : 0.68
      }
      sound.values[row * columns + column] = share
    }
  }
  for (let at = 0; at < 10; at += 1) {
    // Fasteners along the lower edge: a hole scatters everything.
    const column = (at + 0.5) * (columns / 10)
    const radius = 3.2 / spacing
    for (let row = Math.floor(rows - 24 - radius); row <= rows - 24 + radius; row += 1) {
      for (let x = Math.floor(column - radius); x <= column + radius; x += 1) {
        if (Math.hypot(x - column, row - (rows - 24)) < radius) sound.values[row * columns + x] = 0.04
      }
    }
  }
  const loose = delaminations.map(({ column, row, halfWidth, halfHeight, depth }) => {
    const picture = createPicture(columns, rows)
    const edge = createWander(random, 1.7)
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const angle = Math.atan2(y - row, x - column)
        const reach = Math.hypot(((x - column) * spacing) / halfWidth, ((y - row) * spacing) / halfHeight)
        // Even at -π and π: the wander is walked there and back.
        if (reach < 1 + 0.16 * edge(Math.abs(angle) + 3)) picture.values[y * columns + x] = 1
      }
    }
    // The sound beam is about 3 mm wide.
    blur(picture, 1.9)
    return { picture, depth }
  })
  blur(sound, 1.1)
  return { loose, sound }
}

/** A carbon-fibre panel of 6 mm, 240 × 160 mm, scanned in water from one side. */
export function renderCscan(seed: number, frameCount = 24, columns = 480, rows = 320): UltrasonicCscan {
  const random = createRandom(seed, 'cscan')
  const delaminations: Delamination[] = [
    [0.22, 0.5, 13, 9, 1.4],
    [0.52, 0.16, 7, 6, 3.1],
    [0.66, 0.5, 19, 7, 2.2],
    [0.86, 0.22, 5, 5, 4.3],
    [0.4, 0.86, 4, 3, 3.8],
  ].map(([x = 0, y = 0, halfWidth = 0, halfHeight = 0, depth = 0]) => ({
    column: Math.round((x + random.between(-0.03, 0.03)) * columns),
    row: Math.round((y + random.between(-0.02, 0.02)) * rows),
    halfWidth,
    halfHeight,
    depth,
  }))
  const { loose, sound } = layPanel(seed, columns, rows, delaminations)
  // The scanner went to and fro: each line has its own coupling, and every other one comes a little late.
  const coupling = Float32Array.from({ length: rows }, () => 1 + 0.02 * random.normal())
  const depthStep = thickness / frameCount
  const pick = (picture: Picture, column: number, row: number): number => {
    const late = row % 2 === 0 ? 0 : 1
    return picture.values[row * columns + Math.min(columns - 1, column + late)] as number
  }

  const backWall = (column: number, row: number): number =>
    loose.reduce((left, { picture }) => left * (1 - 0.93 * pick(picture, column, row)), pick(sound, column, row))
  const backWallColours = new Uint8Array(columns * rows * 3)
  const frames = Array.from({ length: frameCount }, () => new Uint8Array(columns * rows))
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const at = row * columns + column
      const echo = backWall(column, row) * (coupling[row] as number) + 0.012 * random.normal()
      backWallColours.set(paint(echo), at * 3)
      for (const [gate, frame] of frames.entries()) {
        const depth = (gate + 0.5) * depthStep
        let height =
          0.045 + 0.03 * Math.abs(random.normal()) + 0.05 * pick(sound, column, row) * (gate % 3 === 0 ? 1 : 0)
        for (const part of loose) {
          const distance = (depth - part.depth) / 0.28
          // Its echo comes again at twice the depth, weaker.
          const again = (depth - 2 * part.depth) / 0.34
          height +=
            pick(part.picture, column, row) * (0.82 * Math.exp(-distance * distance) + 0.2 * Math.exp(-again * again))
        }
        // The last gate holds the back wall.
        if (gate === frameCount - 1) height += 0.85 * echo
        frame[at] = Math.min(255, Math.max(0, Math.round(255 * height * (coupling[row] as number))))
      }
    }
  }
  return { columns, rows, spacing, depthStep, frames, backWallColours, delaminations }
}
