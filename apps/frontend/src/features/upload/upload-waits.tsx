import { Alert } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { LinkButton } from '../../ui/link-controls.tsx'
import { useUpload } from './upload-store.ts'

/** On the page of signing in: what was begun in this tab is not lost. */
export function UploadWaits() {
  const { t } = useTranslation()
  const { isActive, stopped } = useUpload()
  if (!isActive) return null
  return (
    <Alert color="yellow" variant="light">
      {stopped === 'signed-out' ? t('upload.waitsForSignIn') : t('upload.goesOn')}
      {stopped === 'signed-out' ? null : (
        <LinkButton to="/upload" size="compact-xs" variant="subtle">
          {t('upload.title')}
        </LinkButton>
      )}
    </Alert>
  )
}
