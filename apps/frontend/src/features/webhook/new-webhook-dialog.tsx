import { changeKinds } from '@instandt/api'
import { Button, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { SecretShown } from '../../ui/secret-shown.tsx'
import { WebhookForm, type WebhookValues } from './webhook-form.tsx'

interface NewWebhookDialogProps {
  opened: boolean
  project: string
  onClose: () => void
  onMade: () => void
}

/** Where to tell, and what; afterwards the secret, this once. */
export function NewWebhookDialog({ opened, onClose, ...form }: NewWebhookDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('webhooks.new')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {opened ? <NewWebhook {...form} onClose={onClose} /> : null}
    </Modal>
  )
}

const empty: WebhookValues = { name: '', url: '', kinds: [...changeKinds] }

function NewWebhook({ project, onClose, onMade }: Omit<NewWebhookDialogProps, 'opened'>) {
  const { t } = useTranslation()
  const [secret, setSecret] = useState<string>()
  const { submit, ...state } = useSubmit<WebhookValues>(async (values) => {
    const made = await client.createWebhook(project, values)
    setSecret(made.secret)
  }, onMade)
  if (secret !== undefined) {
    return (
      <Stack gap="sm">
        <Text size="sm">{t('webhooks.secretDetail')}</Text>
        <SecretShown value={secret} label={t('webhooks.secret')} words={[t('common.copy'), t('common.copiedOk')]} />
        <Button onClick={onClose}>{t('common.done')}</Button>
      </Stack>
    )
  }
  return <WebhookForm {...state} values={empty} words={t('common.create')} onSubmit={submit} />
}
