import { Center, Loader, Stack, Text } from '@mantine/core'
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
      <Waiting words={t('common.loading')} />
    </Center>
  )
}

/** Black as the viewer will be. */
export function ViewerWaiting() {
  const { t } = useTranslation()
  return (
    <Center h="100%" bg="#000" c="#9a9da0">
      <Waiting words={t('viewer.loadingViewer')} />
    </Center>
  )
}

function Waiting({ words }: { words: string }) {
  return (
    <Stack component="output" align="center" gap="xs">
      <Loader aria-hidden />
      <Text span size="sm">
        {words}
      </Text>
    </Stack>
  )
}
