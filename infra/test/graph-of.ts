import assert from 'node:assert/strict'
import type { Preset } from '../src/presets.ts'
import { recordPreset } from '../src/graph/presets.ts'
import type { GraphNode } from '../src/graph/record.ts'

export type Recorded = Awaited<ReturnType<typeof recordPreset>>

const recorded = new Map<string, Promise<Recorded>>()
let last: Promise<unknown> = Promise.resolve()

/** A preset's graph; recorded once, one after another, since the recorder is one for the whole process. */
export function graphOf(
  preset: Preset,
  given: Record<string, string | undefined> = {},
  environment?: string,
): Promise<Recorded> {
  const key = JSON.stringify([preset, given, environment])
  const known = recorded.get(key)
  if (known) return known
  const made = last.then(() => recordPreset(preset, given, environment))
  last = made.catch(() => undefined)
  recorded.set(key, made)
  return made
}

export const ofType = (graph: Recorded, type: string): GraphNode[] =>
  graph.nodes.filter((node) => node.type === `azure-native:${type}` || node.type === type)

/** The one resource of that name. */
export function one(graph: Recorded, name: string): GraphNode {
  const found = graph.nodes.filter((node) => node.name === name && !node.type.startsWith('instandt:'))
  assert.equal(found.length, 1, `resources called '${name}'`)
  return found[0] as GraphNode
}

/** A value deep inside a resource's inputs: `template.containers.0.image`. */
export function at(node: GraphNode, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], node.inputs)
}

/** Whether `later` waits for `earlier`, directly or through others. */
export function waitsFor(graph: Recorded, later: GraphNode, earlier: GraphNode): boolean {
  const wanted = `${earlier.type}::${earlier.name}`
  const seen = new Set<string>()
  const visit = (node: GraphNode): boolean =>
    node.dependencies.some((key) => {
      if (key === wanted) return true
      if (seen.has(key)) return false
      seen.add(key)
      const next = graph.nodes.find((one) => `${one.type}::${one.name}` === key)
      return next !== undefined && visit(next)
    })
  return visit(later)
}
