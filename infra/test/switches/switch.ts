import type { Preset } from '../../src/presets.ts'
import type { Recorded } from '../graph-of.ts'

/** A setting, and what it does to the recorded graph. */
export interface Switch {
  what: string
  preset?: Preset
  given: Record<string, string | undefined>
  check: (graph: Recorded) => void
}

export const has = (graph: Recorded, name: string): boolean =>
  graph.nodes.some((node) => node.name === name && !node.type.startsWith('instandt:'))
