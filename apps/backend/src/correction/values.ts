import { type CorrectableName, correctableNames, correctableTags, type CorrectedValues } from '@instandt/api'
import { type Dataset, type Element, getWholeText, parseDataset, publicDiconde, tags, vrOf } from '@instandt/dicom'
import type { NewStudy } from '../data/new-instance.ts'
import { buildStudy } from '../dicomweb/stow/build-rows.ts'

/** What a data set says of the correctable attributes, old private DICONDE blocks included; null = nothing. */
export function valuesOf(dataset: Dataset): Record<CorrectableName, string | null> {
  const shown: Dataset = { ...publicDiconde(dataset), ...dataset }
  return Object.fromEntries(
    correctableNames.map((name) => [name, getWholeText(shown, correctableTags[name]) ?? null]),
  ) as Record<CorrectableName, string | null>
}

/** The same of a study's row. */
export const valuesOfStudy = (attributes: string): Record<CorrectableName, string | null> =>
  valuesOf(parseDataset(attributes))

export const namesIn = (changes: CorrectedValues): CorrectableName[] =>
  correctableNames.filter((name) => changes[name] !== undefined)

/** New texts by tag, as a file is corrected by. */
export const textsByTag = (changes: CorrectedValues): Record<string, string | null> =>
  Object.fromEntries(namesIn(changes).map((name) => [correctableTags[name], changes[name] ?? null]))

function elementOf(tag: string, text: string | null): Element {
  const vr = vrOf(tag) ?? 'LO'
  if (text === null) return { vr }
  if (vr !== 'PN') return { vr, Value: [text] }
  const [Alphabetic, Ideographic, Phonetic] = text.split('=')
  return {
    vr,
    Value: [{ ...(Alphabetic && { Alphabetic }), ...(Ideographic && { Ideographic }), ...(Phonetic && { Phonetic }) }],
  }
}

/** The row of a corrected study: what its answers held, with the new values. */
export function correctStudy(
  row: { attributes: string; studyInstanceUid: string; isDiconde: boolean },
  changes: CorrectedValues,
): NewStudy {
  const dataset = parseDataset(row.attributes)
  for (const [tag, text] of Object.entries(textsByTag(changes))) dataset[tag] = elementOf(tag, text)
  // Search answers are UTF-8, and say so where there is more than ASCII.
  // eslint-disable-next-line no-control-regex
  if (/[^\x00-\x7f]/.test(JSON.stringify(Object.values(changes))))
    dataset[tags.specificCharacterSet] = { vr: 'CS', Value: ['ISO_IR 192'] }
  return buildStudy(dataset, row.studyInstanceUid, row.isDiconde)
}
