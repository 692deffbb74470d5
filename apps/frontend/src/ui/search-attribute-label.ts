import type { SearchAttribute } from '@instandt/api'
import { labelOf } from '@instandt/dicom'

type Step = { tag: string } | { creator: string; group: string; element: string }

/** Steps of a path as the server keeps it: creators of private elements stand in quotes and may hold dots. */
function stepsOf(path: string): Step[] {
  return [...path.matchAll(/([0-9A-F]{4})(?:("(?:[^"\\]|\\.)*")([0-9A-F]{2})|([0-9A-F]{4}))(?:\.|$)/g)].map(
    ([, group = '', quoted, element = '', rest = '']): Step =>
      quoted === undefined ? { tag: group + rest } : { group, creator: JSON.parse(quoted) as string, element },
  )
}

/** What people call a declared attribute: its DICONDE name, or the administrator's for a private one. */
export function searchAttributeLabel({ path, name }: Pick<SearchAttribute, 'path' | 'name'>): string {
  const steps = stepsOf(path)
  const labels = steps.map((step) => ('tag' in step ? labelOf(step.tag, 'diconde') : undefined))
  return labels.every((label) => label !== undefined) && labels.length > 0 ? labels.join(' › ') : name
}

/** The tags that lead to it, e.g. '(0014,2002) › (0014,2006)', 'ACME 1.0 (0009,xx02)'. */
export function searchAttributeWay({ path }: Pick<SearchAttribute, 'path'>): string {
  return stepsOf(path)
    .map((step) =>
      'tag' in step
        ? `(${step.tag.slice(0, 4)},${step.tag.slice(4)})`
        : `${step.creator} (${step.group},xx${step.element})`,
    )
    .join(' › ')
}
