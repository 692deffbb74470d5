import { type Dataset, type Element, getItems, getString, lookup } from '@instandt/dicom'

/** One step of the way to an attribute: a tag, or a private element by its creator, whatever block that has in a file. */
export type PathStep = { tag: string } | { group: string; creator: string; element: string }

const stepForm = /^(?:([0-9A-F]{4})("(?:[^"\\]|\\.)*")([0-9A-F]{2})|([0-9A-F]{8}))$/i
const splitter = /((?:"(?:[^"\\]|\\.)*"|[^."])+)(?:\.|$)/gy

const isOdd = (group: string): boolean => Number.parseInt(group, 16) % 2 === 1

/** A private element in a block of its own: 'gggg' odd, 'bb' from 10, 'ee'. */
export const privateTag = /^([0-9A-F]{3}[13579BDF])([1-9A-F][0-9A-F])([0-9A-F]{2})$/

function readStep(text: string): PathStep | undefined {
  const [, group, quoted, element, tag] = stepForm.exec(text) ?? []
  if (group !== undefined && quoted !== undefined && element !== undefined) {
    const creator = readQuoted(quoted)
    return isOdd(group) && creator !== undefined
      ? { group: group.toUpperCase(), creator, element: element.toUpperCase() }
      : undefined
  }
  const known = lookup(text)?.tag ?? tag?.toUpperCase()
  // A private tag says nothing without its creator.
  return known === undefined || isOdd(known.slice(0, 4)) ? undefined : { tag: known }
}

function readQuoted(quoted: string): string | undefined {
  try {
    const creator = (JSON.parse(quoted) as string).trim()
    return creator === '' || creator.length > 64 ? undefined : creator
  } catch {
    return undefined
  }
}

/**
 * Reads 'PatientID', 'RequestAttributesSequence.RequestedProcedureID', '0040,0275.0040,1001', '0009"ACME 1.0"01'.
 * @returns the steps, or the part that names nothing
 */
export function parsePath(text: string): PathStep[] | { unknown: string } {
  const steps: PathStep[] = []
  let read = 0
  for (const match of text.matchAll(splitter)) {
    const part = (match[1] ?? '').trim()
    const step = readStep(part)
    if (!step) return { unknown: part }
    steps.push(step)
    read = match.index + match[0].length
  }
  if (steps.length === 0 || read < text.length || text.endsWith('.')) return { unknown: text.slice(read) || text }
  return steps
}

const formatStep = (step: PathStep): string =>
  'tag' in step ? step.tag : step.group + JSON.stringify(step.creator) + step.element

/** The one way in which a path is kept. */
export const formatPath = (steps: readonly PathStep[]): string => steps.map(formatStep).join('.')

/** Where a creator's element stands in this data set, item or file: each may give the creator another block. */
export function findPrivateTag(dataset: Dataset, group: string, creator: string, element: string): string | undefined {
  for (let block = 0x10; block <= 0xff; block += 1) {
    const number = block.toString(16).toUpperCase()
    const tag = `${group}${number}${element}`
    if (dataset[tag] !== undefined && getString(dataset, `${group}00${number}`)?.trim() === creator) return tag
  }
  return undefined
}

/** Every element at the end of the path, in all items on the way. */
export function elementsAt(dataset: Dataset, steps: readonly PathStep[]): Element[] {
  const [step, ...rest] = steps
  if (!step) return []
  const tag = 'tag' in step ? step.tag : findPrivateTag(dataset, step.group, step.creator, step.element)
  const element = tag === undefined ? undefined : dataset[tag]
  if (tag === undefined || !element) return []
  return rest.length === 0 ? [element] : getItems(dataset, tag).flatMap((item) => elementsAt(item, rest))
}
