import type { NewSearchAttribute } from '@instandt/api'
import { type DictionaryEntry, labelOf, lookup, type Vr, vrOf } from '@instandt/dicom'
import { AppError } from '../app-error.ts'
import { findSearchKey } from '../dicomweb/qido/search-keys.ts'
import { formatPath, parsePath, type PathStep } from './attribute-path.ts'
import { matchingOf } from './declared-values.ts'

/** What is kept of a declaration. */
export interface Declaration {
  name: string
  path: string
  vr: Vr
}

const refuse = (code: string, words: string): AppError => new AppError(code, 400, words)
/** Words for people; keywords are the standard's. */
const label = (tag: string): string => labelOf(tag, 'diconde')
const entryOf = (step: PathStep): DictionaryEntry | undefined => ('tag' in step ? lookup(step.tag) : undefined)

/**
 * Says which attribute is meant, what it is called and how it is compared.
 * @throws AppError 400 naming what is wrong; 409 'attribute-searchable' when it can be searched without
 */
export function readDeclaration(wanted: NewSearchAttribute): Declaration {
  const steps = parsePath(wanted.attribute)
  if (!Array.isArray(steps)) {
    throw refuse(
      'attribute-unknown',
      `'${steps.unknown.slice(0, 80)}' is no attribute: a keyword, a tag, or a private element as 0009"creator"01 is expected.`,
    )
  }
  const last = steps.at(-1) as PathStep
  checkWay(steps.slice(0, -1))
  const path = formatPath(steps)
  const fixed = findSearchKey(path)
  if (fixed) {
    const words = `${label(fixed.path.slice(-8))} can be searched without being declared.`
    throw new AppError('attribute-searchable', 409, words)
  }
  return { name: nameOf(wanted, steps), path, vr: vrFor(wanted, last) }
}

/** Only sequences lead on; a private one is taken at its word. */
function checkWay(way: readonly PathStep[]): void {
  for (const step of way) {
    const entry = entryOf(step)
    if (entry && entry.vr !== 'SQ')
      throw refuse('attribute-no-sequence', `${label(entry.tag)} is no sequence: nothing lies inside it.`)
  }
}

function nameOf(wanted: NewSearchAttribute, steps: readonly PathStep[]): string {
  const keywords = steps.map((step) => entryOf(step)?.keyword)
  if (keywords.every((keyword) => keyword !== undefined)) {
    if (wanted.name !== undefined) throw refuse('attribute-name', 'This attribute has a name of its own.')
    return keywords.join('.')
  }
  if (wanted.name === undefined)
    throw refuse('attribute-name', 'An attribute that the dictionary does not know needs a name.')
  if (lookup(wanted.name)) throw refuse('attribute-name', `${wanted.name} is the name of another attribute.`)
  return wanted.name
}

function vrFor(wanted: NewSearchAttribute, last: PathStep): Vr {
  const entry = entryOf(last)
  const vr = (wanted.vr ?? (entry ? vrOf(entry.tag) : undefined)) as Vr | undefined
  if (vr === undefined)
    throw refuse('attribute-vr', 'An attribute that the dictionary does not know needs its value representation.')
  if (entry && !entry.vrs.includes(vr))
    throw refuse('attribute-vr', `The value representation of ${label(entry.tag)} is ${entry.vrs.join(' or ')}.`)
  if (!matchingOf[vr]) {
    const why = vr === 'SQ' ? 'a sequence is searched by an attribute inside it' : 'bytes cannot be searched'
    throw refuse('attribute-vr', `${vr} cannot be searched: ${why}.`)
  }
  return vr
}
