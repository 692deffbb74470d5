import { Button, Code, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'

interface FaultPanelProps {
  title: string
  detail?: string | undefined
  /** Small print for a report: request id or the error's own text. */
  reference?: string | undefined
  action?: ReactNode
  onRetry?: (() => void) | undefined
  retryLabel: string
}

/** What went wrong in words, what to do, and what to quote. */
export function FaultPanel({ title, detail, reference, action, onRetry, retryLabel }: FaultPanelProps) {
  return (
    <Stack role="alert" align="center" gap="xs" p="xl" maw="36rem" mx="auto" ta="center">
      <IconAlertTriangle size={32} stroke={1.4} color="var(--mantine-color-yellow-6)" aria-hidden />
      <Title order={2}>{title}</Title>
      {detail ? (
        <Text size="sm" c="dimmed">
          {detail}
        </Text>
      ) : null}
      {reference ? (
        <Code maw="100%" style={{ overflowWrap: 'anywhere' }}>
          {reference}
        </Code>
      ) : null}
      {onRetry || action ? (
        <Stack mt="sm" align="center">
          {onRetry ? (
            <Button variant="default" onClick={onRetry}>
              {retryLabel}
            </Button>
          ) : null}
          {action}
        </Stack>
      ) : null}
    </Stack>
  )
}
