import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { IconFileZip } from '@tabler/icons-react'

interface DownloadButtonProps {
  /** Address of the archive. */
  href: string
  /** What the file is called. */
  name: string
  /** On the button, or, where there is no room, beside the pointer. */
  label: string
  isSmall?: boolean
}

/** A link by which the browser saves an archive itself, with its own progress, whatever the size. */
export function DownloadButton({ href, name, label, isSmall = false }: DownloadButtonProps) {
  if (isSmall)
    return (
      <Tooltip label={label}>
        <ActionIcon
          component="a"
          href={href}
          download={name}
          variant="subtle"
          color="gray"
          size="md"
          aria-label={label}
        >
          <IconFileZip size={16} />
        </ActionIcon>
      </Tooltip>
    )
  return (
    <Button
      component="a"
      href={href}
      download={name}
      size="xs"
      variant="default"
      leftSection={<IconFileZip size={15} aria-hidden />}
    >
      {label}
    </Button>
  )
}
