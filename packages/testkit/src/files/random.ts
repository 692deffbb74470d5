/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** From 0 up to, not including, 1. */
  uniform(): number
  /** Between two numbers. */
  between(low: number, high: number): number
  /** Normal distribution, mean 0, standard deviation 1. */
  normal(): number
}

/** FNV-1a of a text, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}

/** A stream of numbers of its own for each seed and purpose, so that a change of one picture leaves the others alone. */
export function createRandom(seed: number, purpose: string): Random {
  let state = (hash(purpose) ^ Math.imul(seed, 0x9e3779b1)) >>> 0
  // Mulberry32: short, fast, good enough for noise.
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  let spare: number | undefined
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      for (;;) {
        const x = 2 * uniform() - 1
        const y = 2 * uniform() - 1
        const square = x * x + y * y
        if (square >= 1 || square === 0) continue
        const factor = Math.sqrt((-2 * Math.log(square)) / square)
        spare = y * factor
        return x * factor
      }
    },
  }
}

/** Smooth noise along a line: mean 0, about ±1, changing over `period` units. */
export function createWander(random: Random, period: number): (at: number) => number {
  const waves = Array.from({ length: 5 }, (_, order) => ({
    frequency: ((2 * Math.PI) / period) * (0.45 + 0.55 * order + 0.3 * random.uniform()),
    phase: random.between(0, 2 * Math.PI),
    height: 0.75 / (1 + order),
  }))
  return (at) => waves.reduce((sum, { frequency, phase, height }) => sum + height * Math.sin(frequency * at + phase), 0)
}
