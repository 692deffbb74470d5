import { Button, Text } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import classes from './conversion.module.css'
import { conversion } from './conversion-store.ts'

/** Files of an upload that are no DICOM but can become it; keeps its place free of jumps by standing only where there are some. */
export function ConvertOffer({ files }: { files: readonly File[] }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  if (files.length === 0) return null
  return (
    <section className={classes.drop} aria-label={t('convert.title')}>
      <Text size="sm">{t('convert.offer', { count: files.length })}</Text>
      <Button
        size="xs"
        variant="default"
        onClick={() => {
          conversion().addFiles(files)
          void navigate({ to: '/convert' })
        }}
      >
        {t('convert.title')}
      </Button>
    </section>
  )
}
