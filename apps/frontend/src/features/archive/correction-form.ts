import { type CorrectableName, correctableNames, correctableVrs, type CorrectedValues } from '@instandt/api'
import { toDicomDate, toFieldDate } from '../../ui/format.ts'

/** Names of the attributes in the order of the form. */
export const correctionGroups = {
  component: [
    'componentName',
    'componentNumber',
    'componentIssuer',
    'material',
    'componentManufacturer',
    'manufacturingDate',
    'componentOwner',
  ],
  inspection: ['orderNumber', 'inspectionNumber', 'date', 'time', 'description'],
} as const satisfies Record<string, readonly CorrectableName[]>

export type FieldValues = Record<CorrectableName, string>

/** What stands there now, as fields show it. */
export const fieldsOf = (current: Record<string, string | null>): FieldValues =>
  Object.fromEntries(correctableNames.map((name) => [name, toField(name, current[name] ?? '')])) as FieldValues

/** Dates and times as the browser's own fields take them; one that is none stays a text. */
export function toField(name: CorrectableName, text: string): string {
  const vr = correctableVrs[name]
  if (vr === 'DA' && /^\d{8}$/.test(text)) return toFieldDate(text)
  const time = /^(\d\d)(\d\d)(\d\d)?(?:\.\d+)?$/.exec(text)
  return vr === 'TM' && time ? `${time[1]}:${time[2]}:${time[3] ?? '00'}` : text
}

function fromField(name: CorrectableName, text: string): string | null {
  const value = text.trim()
  if (value === '') return null
  const vr = correctableVrs[name]
  if (vr === 'DA') return toDicomDate(value) ?? value
  return vr === 'TM' ? value.replaceAll(':', '') : value
}

/** What was really changed: a field that shows the same as before says nothing. */
export function changesOf(before: FieldValues, now: FieldValues): CorrectedValues {
  return Object.fromEntries(
    correctableNames
      .filter((name) => now[name].trim() !== before[name].trim())
      .map((name) => [name, fromField(name, now[name])]),
  )
}

/** Characters that a field takes (PS3.5 6.2); a name has three groups. */
export function longestOf(name: CorrectableName): number {
  const lengths: Partial<Record<string, number>> = { PN: 3 * 64 + 2, SH: 16, ST: 1024 }
  return lengths[correctableVrs[name]] ?? 64
}
