import { conversionSources, pixelSizeKinds } from '@instandt/api'
import { Checkbox, NativeSelect, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { PageSection } from '../../ui/page-section.tsx'
import classes from './conversion.module.css'
import type { Draft, FieldKey, Section } from './draft.ts'
import { FormFields } from './form-fields.tsx'

interface FormProps {
  draft: Draft
  faults: Partial<Record<FieldKey, true>>
  isDisabled: boolean
  onChange: (draft: Draft) => void
}

const calibrations = ['known-length', 'geometry'] as const
const depths = ['8', '16'] as const
const photometrics = ['MONOCHROME2', 'MONOCHROME1', 'RGB'] as const
const byteOrders = ['little', 'big'] as const

/** What is said about the files: component, inspection, where they come from, how large a pixel is. */
export function ConversionForm({ draft, faults, isDisabled, onChange }: FormProps) {
  const { t } = useTranslation()
  const set = (more: Partial<Draft>): void => onChange({ ...draft, ...more })
  const fields = (section: Section, only?: readonly FieldKey[]): ReactNode => (
    <FormFields
      section={section}
      draft={draft}
      faults={faults}
      isDisabled={isDisabled}
      {...(only ? { only } : {})}
      onChange={(key, value) => set({ values: { ...draft.values, [key]: value } })}
    />
  )
  const isTyped = draft.pixelSize !== 'none' && draft.pixelSize !== 'file'
  const choice = <Value extends string>(
    label: string,
    value: Value,
    offered: readonly (readonly [Value, string])[],
    onChosen: (value: Value) => void,
  ): ReactNode => (
    <NativeSelect
      label={label}
      disabled={isDisabled}
      value={value}
      data={offered.map(([one, words]) => ({ value: one, label: words }))}
      onChange={(event) => {
        const chosen = offered.find(([one]) => one === event.currentTarget.value)
        if (chosen) onChosen(chosen[0])
      }}
    />
  )
  return (
    <>
      <PageSection title={t('convert.component')}>{fields('component')}</PageSection>
      <PageSection title={t('convert.inspection')}>{fields('inspection')}</PageSection>
      <PageSection title={t('convert.equipment')}>
        <div className={classes.fields}>
          {choice(
            t('convert.source'),
            draft.source,
            conversionSources.map((one) => [one, t(`convert.sources.${one}`)]),
            (source) => set({ source, pixelSize: source === 'film' ? 'file' : 'none' }),
          )}
        </div>
        {fields(
          'equipment',
          draft.source === 'film' ? ['manufacturer', 'model', 'serialNumber', 'station'] : undefined,
        )}
        {draft.source === 'film' ? fields('digitiser') : null}
      </PageSection>
      <PageSection title={t('convert.pixelSize')} detail={t('convert.pixelSizeDetail')}>
        <div className={`${classes.fields} ${classes.wide}`}>
          {choice(
            t('convert.pixelSizeFrom'),
            draft.pixelSize,
            pixelSizeKinds.map((one) => [one, t(`convert.pixelSizes.${one}`)]),
            (pixelSize) => set({ pixelSize }),
          )}
          {draft.pixelSize === 'calibrated'
            ? choice(
                t('convert.calibratedBy'),
                draft.by,
                calibrations.map((one) => [one, t(`convert.calibrations.${one}`)]),
                (by) => set({ by }),
              )
            : null}
        </div>
        {isTyped ? fields('pixelSize', draft.pixelSize === 'calibrated' ? undefined : ['rowMm', 'columnMm']) : null}
      </PageSection>
      <PageSection title={t('convert.raw')}>
        <Checkbox
          label={t('convert.isRaw')}
          disabled={isDisabled}
          checked={draft.isRaw}
          onChange={(event) => set({ isRaw: event.currentTarget.checked })}
        />
        {draft.isRaw ? (
          <>
            <Text size="sm" c="dimmed" mt="xs">
              {t('convert.rawDetail')}
            </Text>
            {fields('raw')}
            <div className={classes.fields}>
              {choice(
                t('convert.bitsAllocated'),
                String(draft.raw.bitsAllocated) as (typeof depths)[number],
                depths.map((one) => [one, t('convert.bits', { count: Number(one) })]),
                (bits) => set({ raw: { ...draft.raw, bitsAllocated: bits === '8' ? 8 : 16 } }),
              )}
              {choice(
                t('convert.byteOrder'),
                draft.raw.byteOrder,
                byteOrders.map((one) => [one, t(`convert.byteOrders.${one}`)]),
                (byteOrder) => set({ raw: { ...draft.raw, byteOrder } }),
              )}
              {choice(
                t('convert.photometric'),
                draft.raw.photometric,
                photometrics.map((one) => [one, t(`convert.photometrics.${one}`)]),
                (photometric) => set({ raw: { ...draft.raw, photometric } }),
              )}
            </div>
            <Checkbox
              mt="sm"
              label={t('convert.isSigned')}
              disabled={isDisabled}
              checked={draft.raw.isSigned}
              onChange={(event) => set({ raw: { ...draft.raw, isSigned: event.currentTarget.checked } })}
            />
          </>
        ) : null}
      </PageSection>
    </>
  )
}
