import { Button, Code, CopyButton, Group } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'

/** A secret to take along: in full, to be copied. */
export function SecretShown({
  value,
  label,
  words,
}: {
  value: string
  label: string
  words: [copy: string, copied: string]
}) {
  return (
    <Group gap="xs" wrap="nowrap" align="stretch">
      <Code block aria-label={label} flex={1} p="xs" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            onClick={copy}
            miw="7.5rem"
            leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          >
            {copied ? words[1] : words[0]}
          </Button>
        )}
      </CopyButton>
    </Group>
  )
}
