import { Modal, Stack, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormFault } from './form-fault.tsx'
import { FormFoot } from './form-foot.tsx'

interface ReasonFormProps {
  /** What will happen, in a sentence. */
  detail: string
  /** On the button. */
  yes: string
  isDangerous?: boolean
  isBusy: boolean
  /** What else must be filled in is. */
  isReady?: boolean
  fault: string | undefined
  children?: ReactNode
  onSubmit: (reason: string) => void
  onClose: () => void
}

const shortestReason = 3

/** Asks why before something is done that others will ask about; the reason is kept with it. */
export function ReasonDialog({ title, opened, ...form }: ReasonFormProps & { title: string; opened: boolean }) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={form.onClose}
      title={title}
      closeButtonProps={{ 'aria-label': t('app.close') }}
      closeOnClickOutside={false}
    >
      {opened ? <ReasonForm {...form} /> : null}
    </Modal>
  )
}

function ReasonForm(props: ReasonFormProps) {
  const { detail, yes, isDangerous = false, isBusy, isReady = true, fault, children, onSubmit, onClose } = props
  const [reason, setReason] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit(reason)
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{detail}</Text>
        {children}
        <ReasonField value={reason} onChange={setReason} hasFocus={children === undefined} />
        <FormFault words={fault} />
        <FormFoot
          yes={yes}
          color={isDangerous ? 'red.8' : undefined}
          isBusy={isBusy}
          isReady={isReady && isReason(reason)}
          onClose={onClose}
        />
      </Stack>
    </form>
  )
}

/** As the server takes it. */
export const isReason = (text: string): boolean => text.trim().length >= shortestReason

interface ReasonFieldProps {
  value: string
  onChange: (value: string) => void
  hasFocus?: boolean
}

export function ReasonField({ value, onChange, hasFocus = false }: ReasonFieldProps) {
  const { t } = useTranslation()
  return (
    <Textarea
      label={t('archive.reason')}
      description={t('archive.reasonDetail')}
      required
      withAsterisk={false}
      maxLength={500}
      autosize
      minRows={2}
      maxRows={6}
      {...(hasFocus ? { 'data-autofocus': true } : {})}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
