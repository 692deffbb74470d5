import { Alert } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useConversion } from './conversion-store.ts'

/** On the page of signing in: what was begun in this tab is not lost. */
export function ConversionWaits() {
  const { t } = useTranslation()
  const { isBusy, isSignedOut } = useConversion()
  if (!isBusy) return null
  return (
    <Alert color="yellow" variant="light">
      {t(isSignedOut ? 'convert.waitsForSignIn' : 'convert.goesOn')}
    </Alert>
  )
}
