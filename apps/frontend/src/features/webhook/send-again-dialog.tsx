import type { Webhook } from '@instandt/api'
import { Modal, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { FormFoot } from '../../ui/form-foot.tsx'
import { formatInstant } from '../../ui/format.ts'
import type { WebhookDialogProps } from './change-webhook-dialog.tsx'

/** From which moment on everything is told once more, or that what was missed is not; asked twice, for it cannot be called back. */
export function SendAgainDialog({ webhook, onClose, ...rest }: WebhookDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={webhook !== undefined}
      onClose={onClose}
      title={t('webhooks.again.title', { name: webhook?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {webhook ? <SendAgain key={webhook.id} {...rest} webhook={webhook} onClose={onClose} /> : null}
    </Modal>
  )
}

const dayMs = 86_400_000

/** An instant as a field for date and time holds it, in this device's time zone. */
function fieldOf(instant: Date): string {
  const local = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

function SendAgain({ project, webhook, onClose, onDone }: WebhookDialogProps & { webhook: Webhook }) {
  const { t, i18n } = useTranslation()
  const [way, setWay] = useState('since')
  const [openedAt] = useState(() => Date.now())
  // Before it began to fail, where it does.
  const [moment, setMoment] = useState(() =>
    fieldOf(webhook.failingSince === null ? new Date(openedAt - dayMs) : new Date(webhook.failingSince)),
  )
  const [isAsked, setIsAsked] = useState(false)
  const instant = new Date(moment)
  const isMoment = !Number.isNaN(instant.getTime()) && instant.getTime() <= openedAt
  const { isBusy, fault, submit } = useSubmit(
    () =>
      client.changeWebhook(project, webhook.id, {
        isActive: true,
        ...(way === 'since' ? { since: instant.toISOString() } : { after: 'latest' }),
      }),
    () => {
      onClose()
      return onDone()
    },
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (isAsked) submit()
        else setIsAsked(true)
      }}
    >
      <Stack gap="sm">
        <Radio.Group
          value={way}
          onChange={(next) => {
            setWay(next)
            setIsAsked(false)
          }}
          aria-label={t('webhooks.again.title', { name: webhook.name })}
        >
          <Stack gap="sm">
            <Radio value="since" size="xs" label={t('webhooks.again.since')} />
            <TextInput
              type="datetime-local"
              label={t('webhooks.again.moment')}
              ml="1.75rem"
              disabled={way !== 'since'}
              max={fieldOf(new Date(openedAt))}
              value={moment}
              error={way === 'since' && !isMoment ? t('webhooks.again.past') : undefined}
              onChange={(event) => {
                setMoment(event.currentTarget.value)
                setIsAsked(false)
              }}
            />
            <Radio value="latest" size="xs" label={t('webhooks.again.latest')} />
          </Stack>
        </Radio.Group>
        {isAsked ? (
          <Text size="sm" role="alert">
            {way === 'since'
              ? t('webhooks.again.sure', {
                  at: formatInstant(instant.toISOString(), i18n.language),
                  name: webhook.name,
                })
              : t('webhooks.again.sureLatest', { count: webhook.waiting, name: webhook.name })}
            {webhook.state === 'active' ? '' : ` ${t('webhooks.again.active')}`}
          </Text>
        ) : null}
        <FormFault words={fault} />
        <FormFoot
          yes={t(
            isAsked ? (way === 'since' ? 'webhooks.again.yes' : 'webhooks.again.yesLatest') : 'webhooks.again.next',
          )}
          color={isAsked ? 'red' : undefined}
          isBusy={isBusy}
          isReady={way !== 'since' || isMoment}
          onClose={onClose}
        />
      </Stack>
    </form>
  )
}
