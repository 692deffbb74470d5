import { useTranslation } from 'react-i18next'
import { HeaderPill } from '../../ui/header-pill.tsx'
import { useConversion } from './conversion-store.ts'

/** Files being converted, in the header of every page. */
export function ConversionPill() {
  const { t } = useTranslation()
  const { rows, isBusy, isSignedOut } = useConversion()
  if (!isBusy) return null
  const done = rows.filter(({ state }) => state === 'stored').length
  const total = rows.length
  return (
    <HeaderPill
      to="/convert"
      words={isSignedOut ? t('convert.signedOut') : t('convert.pill', { done, total })}
      percent={(done / total) * 100}
      isHalted={isSignedOut}
      text={`${done} / ${total}`}
    />
  )
}
