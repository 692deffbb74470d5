import { Center, Loader } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Fault } from '../api/fault.tsx'
import { FaultPanel } from '../ui/fault-panel.tsx'
import { LinkButton } from '../ui/link-controls.tsx'

export function NoPage() {
  const { t } = useTranslation()
  return (
    <Center h="100%">
      <FaultPanel
        title={t('error.noPage.title')}
        detail={t('error.noPage.detail')}
        retryLabel={t('common.retry')}
        action={
          <LinkButton to="/" variant="default">
            {t('error.toInspections')}
          </LinkButton>
        }
      />
    </Center>
  )
}

export function PageFault({ error, reset }: ErrorComponentProps) {
  return (
    <Center h="100%">
      <Fault error={error} onRetry={reset} />
    </Center>
  )
}

export function PageWaiting() {
  const { t } = useTranslation()
  return (
    <Center h="100%">
      <Loader aria-label={t('common.loading')} />
    </Center>
  )
}
