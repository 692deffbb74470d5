import type { Webhook } from '@instandt/api'
import { Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { changedValues } from './changed-values.ts'
import { WebhookForm, type WebhookValues } from './webhook-form.tsx'

export interface WebhookDialogProps {
  project: string
  /** Undefined = closed. */
  webhook: Webhook | undefined
  onClose: () => void
  onDone: () => Promise<void>
}

/** Name, address and kinds of one that is there; its secret and its place stay. */
export function ChangeWebhookDialog({ webhook, onClose, ...rest }: WebhookDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={webhook !== undefined}
      onClose={onClose}
      title={t('webhooks.changeOf', { name: webhook?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {webhook ? <ChangeWebhook key={webhook.id} {...rest} webhook={webhook} onClose={onClose} /> : null}
    </Modal>
  )
}

function ChangeWebhook({ project, webhook, onClose, onDone }: WebhookDialogProps & { webhook: Webhook }) {
  const { t } = useTranslation()
  const { submit, ...state } = useSubmit<WebhookValues>(
    async (values) => {
      const change = changedValues(webhook, values)
      if (change !== undefined) await client.changeWebhook(project, webhook.id, change)
    },
    () => {
      onClose()
      return onDone()
    },
  )
  return <WebhookForm {...state} values={webhook} words={t('common.save')} onSubmit={submit} />
}
