import { AppError } from '../app-error.ts'
import type { DeclaredAttribute } from '../data/search-attributes.ts'
import { type Condition, readCondition } from '../dicomweb/qido/read-condition.ts'
import { declaredKey, findSearchKey } from '../dicomweb/qido/search-keys.ts'

/**
 * What the list is narrowed to by declared attributes. Names match by their words, everything else as in DICOMweb searches.
 * @throws AppError 400 'attribute-not-declared', 'malformed-value'
 */
export function readAttributes(text: string | undefined, declared: readonly DeclaredAttribute[]): Condition[] {
  const parameters = new URLSearchParams(text)
  const keys = declared.filter(({ level }) => level === 'study').map(declaredKey)
  return [...new Set(parameters.keys())].flatMap((name) => {
    const key = findSearchKey(name, keys)
    // To search for everything instead would be a wrong answer.
    if (!key?.declared)
      throw new AppError('attribute-not-declared', 400, `No search attribute of inspections is ${name.slice(0, 80)}.`)
    const values = parameters.getAll(name).filter((value) => value !== '')
    return values.length === 0 ? [] : [readCondition(name, key, values, true)]
  })
}
