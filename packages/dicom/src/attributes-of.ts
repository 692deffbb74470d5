import { lookup } from './dictionary/index.ts'
import type { Dataset, JsonValue } from './types.ts'

type Plain = JsonValue | readonly JsonValue[] | undefined

/**
 * Attributes by keyword or tag, with the VR of the dictionary: `attributesOf({ PatientID: 'W-12' })`. An empty list is an
 * attribute without a value, undefined is none.
 * @throws RangeError for a name that the dictionary does not have
 */
export function attributesOf(values: Readonly<Record<string, Plain>>): Dataset {
  const dataset: Dataset = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    const entry = lookup(name)
    if (!entry) throw new RangeError(`The dictionary has no ${name}.`)
    const { tag, vr } = entry
    const list = (Array.isArray(value) ? (value as JsonValue[]) : [value as JsonValue]).map((one) =>
      vr === 'PN' && typeof one === 'string' ? nameOf(one) : one,
    )
    dataset[tag] = list.length === 0 ? { vr } : { vr, Value: list }
  }
  return dataset
}

function nameOf(text: string): JsonValue {
  const [Alphabetic = '', Ideographic, Phonetic] = text.split('=')
  return {
    Alphabetic,
    ...(Ideographic === undefined ? {} : { Ideographic }),
    ...(Phonetic === undefined ? {} : { Phonetic }),
  }
}
