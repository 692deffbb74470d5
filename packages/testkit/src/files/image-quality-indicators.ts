import { isLead, leadWidth } from './lead-letters.ts'
import { addShape, chord, type Picture } from './picture.ts'

/** Diameters of the wires W1 to W19 in mm (ISO 19232-1). */
export const wireDiameters = [
  3.2, 2.5, 2, 1.6, 1.25, 1, 0.8, 0.63, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.125, 0.1, 0.08, 0.063, 0.05,
] as const

/** Diameters, and gaps, of the wire pairs D1 to D13 in mm (ISO 19232-5). */
export const duplexDiameters = [0.8, 0.63, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.13, 0.1, 0.08, 0.063, 0.05] as const

export interface Wire {
  /** 'W10' or 'D8'. */
  name: string
  /** mm. */
  diameter: number
  /** Middle of the wire or pair, pixels. */
  column: number
  row: number
}

export interface Placement {
  /** Middle of the indicator, pixels. */
  column: number
  row: number
  /** mm a pixel. */
  spacing: number
  /** Attenuation of 1 mm: of the wires of the single-wire type (steel), of lead, of platinum. */
  perMillimetre: { steel: number; lead: number; platinum: number }
}

/** Seven wires of 50 mm, upright, 5 mm apart, the thickest left, with its lead sign above: '<first> FE EN'. */
export function addWireIndicator(
  attenuation: Picture,
  { column, row, spacing, perMillimetre }: Placement,
  firstWire: number,
): Wire[] {
  const wires: Wire[] = []
  const halfLength = 25 / spacing
  for (let at = 0; at < 7; at += 1) {
    const diameter = wireDiameters[firstWire - 1 + at] as number
    const middle = column + ((at - 3) * 5) / spacing
    const radius = diameter / 2
    addShape(
      attenuation,
      {
        left: middle - radius / spacing - 1,
        right: middle + radius / spacing + 1,
        top: row - halfLength,
        bottom: row + halfLength,
      },
      8,
      (x) => perMillimetre.steel * chord(radius, (x - middle) * spacing),
    )
    wires.push({ name: `W${firstWire + at}`, diameter, column: middle, row })
  }
  const sign = `${firstWire} FE EN`
  addLeadText(
    attenuation,
    sign,
    { column: column - leadWidth(sign, 4) / spacing / 2, row: row - halfLength - 6 / spacing },
    4,
    spacing,
    perMillimetre.lead,
  )
  return wires
}

/** Thirteen pairs of platinum wires of 15 mm, turned by `degrees` against the pixel grid so that no pair hides in it. */
export function addDuplexIndicator(
  attenuation: Picture,
  { column, row, spacing, perMillimetre }: Placement,
  degrees: number,
): Wire[] {
  const cos = Math.cos((degrees * Math.PI) / 180)
  const sin = Math.sin((degrees * Math.PI) / 180)
  const wires: Wire[] = []
  let along = -33
  for (const [at, diameter] of duplexDiameters.entries()) {
    along += diameter * 1.5
    const radius = diameter / 2
    const middle = along
    const box = (edge: number): number => (edge * 9 + diameter * 2) / spacing
    const centre = { column: column + (middle * cos) / spacing, row: row + (middle * sin) / spacing }
    const size = { across: box(0.2), up: box(1) }
    addShape(
      attenuation,
      {
        left: centre.column - size.across,
        right: centre.column + size.across,
        top: centre.row - size.up,
        bottom: centre.row + size.up,
      },
      8,
      (x, y) => {
        const u = ((x - column) * cos + (y - row) * sin) * spacing - middle
        const v = (-(x - column) * sin + (y - row) * cos) * spacing
        return Math.abs(v) > 7.5
          ? 0
          : perMillimetre.platinum * (chord(radius, u - diameter) + chord(radius, u + diameter))
      },
    )
    wires.push({ name: `D${at + 1}`, diameter, ...centre })
    along += diameter * 1.5 + 3.2
  }
  return wires
}

/** Letters of 1 mm lead; `height` in mm, the corner in pixels. */
export function addLeadText(
  attenuation: Picture,
  text: string,
  corner: { column: number; row: number },
  height: number,
  spacing: number,
  leadPerMillimetre: number,
): void {
  const right = corner.column + leadWidth(text, height) / spacing
  addShape(
    attenuation,
    { left: corner.column, right, top: corner.row, bottom: corner.row + height / spacing },
    3,
    (x, y) => (isLead(text, height, (x - corner.column) * spacing, (y - corner.row) * spacing) ? leadPerMillimetre : 0),
  )
}
