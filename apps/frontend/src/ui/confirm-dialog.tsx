import { Button, Group, Modal, Text } from '@mantine/core'

interface ConfirmDialogProps {
  /** What is asked; undefined = closed. */
  question: string | undefined
  yes: string
  no: string
  isBusy?: boolean
  onYes: () => void
  onClose: () => void
}

/** Asks before what cannot be taken back. */
export function ConfirmDialog({ question, yes, no, isBusy = false, onYes, onClose }: ConfirmDialogProps) {
  return (
    <Modal opened={question !== undefined} onClose={onClose} withCloseButton={false} aria-label={question ?? ''}>
      <Text mb="md">{question}</Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {no}
        </Button>
        <Button color="red" loading={isBusy} onClick={onYes}>
          {yes}
        </Button>
      </Group>
    </Modal>
  )
}
