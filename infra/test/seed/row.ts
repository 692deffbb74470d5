import assert from 'node:assert/strict'
import { at, one, type Recorded } from '../graph-of.ts'

/** Something an installation must have; docs/deploy-azure.md shows the same rows, and a test compares the two. */
export interface SeedRow {
  part: string
  /** Also the name of its test. */
  item: string
  /** Names in the recorded graph of `production`. */
  resources: string[]
  check: (graph: Recorded) => void
}

export function equal(graph: Recorded, name: string, path: string, value: unknown): void {
  assert.deepEqual(at(one(graph, name), path), value, `${name}.${path}`)
}

export function idOf(graph: Recorded, name: string): string {
  const node = one(graph, name)
  return `/recorded/${node.type.replaceAll(':', '/')}/${node.name}`
}

/** An environment variable of a container. */
export function envOf(graph: Recorded, name: string, variable: string, container = 0): string | undefined {
  const variables = at(one(graph, name), `template.containers.${container}.env`) as { name: string; value?: string }[]
  return variables.find((each) => each.name === variable)?.value
}
