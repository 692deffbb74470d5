import { digitiserClasses } from '@instandt/api'
import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './conversion.module.css'
import { type Draft, type FieldKey, type Section, sections } from './draft.ts'

interface FieldsProps {
  section: Section
  draft: Draft
  /** Marked as not what they have to be. */
  faults: Partial<Record<FieldKey, true>>
  isDisabled: boolean
  onChange: (key: FieldKey, value: string) => void
  /** Only these of the section. */
  only?: readonly FieldKey[]
}

const types: Partial<Record<FieldKey, string>> = {
  manufacturingDate: 'date',
  date: 'date',
  time: 'time',
  calibratedOn: 'date',
}
// What machines of a shop save as pictures; anything else is OT.
const modalities = ['DX', 'CR', 'CT', 'US', 'TG', 'ES', 'XC'] as const
const decimals = new Set<FieldKey>(['densityFrom', 'densityTo', 'rowMm', 'columnMm'])
// As long as the attribute each becomes.
const short = new Set<FieldKey>(['orderNumber', 'inspectionNumber', 'material', 'station'])

/** The text fields of one section, side by side where there is room. */
export function FormFields({ section, draft, faults, isDisabled, onChange, only }: FieldsProps) {
  const { t } = useTranslation()
  const keys = (Object.keys(sections[section]) as FieldKey[]).filter((key) => only?.includes(key) ?? true)
  return (
    <div className={classes.fields}>
      {keys.map((key) => {
        const common = {
          label: t(`convert.fields.${key}`),
          value: draft.values[key] ?? '',
          disabled: isDisabled,
          error: faults[key] === true ? t(`convert.faults.${faultOf(key)}`) : undefined,
          onChange: (event: { currentTarget: { value: string } }) => onChange(key, event.currentTarget.value),
        }
        if (key === 'notes') return <Textarea key={key} {...common} autosize minRows={1} maxLength={2000} />
        if (key === 'digitiserClass') {
          const classesOffered = digitiserClasses.map((value) => ({ value, label: t(`convert.classes.${value}`) }))
          return (
            <NativeSelect
              key={key}
              {...common}
              data={[{ value: '', label: t('convert.classes.unknown') }, ...classesOffered]}
            />
          )
        }
        if (key === 'modality') {
          const offered = modalities.map((value) => ({ value, label: `${value}, ${t(`convert.modalities.${value}`)}` }))
          return (
            <NativeSelect key={key} {...common} data={[{ value: '', label: t('convert.modalities.OT') }, ...offered]} />
          )
        }
        const isNumber = section === 'raw' || decimals.has(key)
        return (
          <TextInput
            key={key}
            {...common}
            type={types[key] ?? 'text'}
            maxLength={short.has(key) ? 16 : 64}
            {...(isNumber ? { inputMode: decimals.has(key) ? ('decimal' as const) : ('numeric' as const) } : {})}
          />
        )
      })}
    </div>
  )
}

function faultOf(key: FieldKey): 'component' | 'number' | 'needed' | 'text' {
  if (key === 'componentNumber') return 'component'
  if (key === 'calibration') return 'needed'
  return decimals.has(key) || key.startsWith('raw') ? 'number' : 'text'
}
