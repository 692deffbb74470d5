import type { Delivery, Webhook } from '@instandt/api'
import { Alert, Badge, Button, Group, Menu, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Fault } from '../../api/fault.tsx'
import { webhooksQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import { PageSection } from '../../ui/page-section.tsx'
import classes from '../../ui/page.module.css'
import { SecretShown } from '../../ui/secret-shown.tsx'
import { ChangeWebhookDialog } from './change-webhook-dialog.tsx'
import { DeliveriesDialog } from './deliveries-dialog.tsx'
import { NewWebhookDialog } from './new-webhook-dialog.tsx'
import { SendAgainDialog } from './send-again-dialog.tsx'

/** Who is told what happens in a project, and how that goes. */
export function WebhookSection({ project }: { project: string }) {
  const { t } = useTranslation()
  const webhooks = useQuery(webhooksQuery(project))
  const [isNew, setIsNew] = useState(false)
  const [removing, setRemoving] = useState<Webhook>()
  const [shown, setShown] = useState<Webhook>()
  const [changing, setChanging] = useState<Webhook>()
  const [telling, setTelling] = useState<Webhook>()
  const [secret, setSecret] = useState<string>()
  const [trial, setTrial] = useState<Delivery>()
  const refresh = (): Promise<void> => queryClient.invalidateQueries(webhooksQuery(project))
  const act = useSubmit<() => Promise<unknown>>((work) => work(), refresh)
  const items = webhooks.data?.items ?? []
  return (
    <PageSection
      title={t('webhooks.title')}
      detail={t('webhooks.detail')}
      action={
        <Button variant="default" onClick={() => setIsNew(true)}>
          {t('webhooks.new')}
        </Button>
      }
    >
      <FormFault words={act.fault} />
      {trial === undefined ? null : (
        <Alert
          color={trial.state === 'delivered' ? 'signal' : 'red'}
          variant="light"
          p="xs"
          withCloseButton
          closeButtonLabel={t('app.close')}
          onClose={() => setTrial(undefined)}
        >
          {t(trial.state === 'delivered' ? 'webhooks.trialTaken' : 'webhooks.trialFailed')} {trial.status}{' '}
          {trial.answer}
        </Alert>
      )}
      {webhooks.isError ? (
        <Fault error={webhooks.error} onRetry={() => void webhooks.refetch()} />
      ) : webhooks.isPending ? (
        <Skeleton h="4rem" />
      ) : items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('webhooks.empty')}
        </Text>
      ) : (
        <ul className={classes.list}>
          {items.map((webhook) => (
            <li key={webhook.id} className={classes.row}>
              <WebhookFacts webhook={webhook} />
              <Group gap="xs">
                <Button
                  size="xs"
                  variant="default"
                  disabled={act.isBusy}
                  onClick={() =>
                    act.submit(async () => {
                      setTrial(await client.testWebhook(project, webhook.id))
                    })
                  }
                >
                  {t('webhooks.test')}
                </Button>
                <Button size="xs" variant="default" onClick={() => setShown(webhook)}>
                  {t('webhooks.deliveries')}
                </Button>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <Button size="xs" variant="default" aria-label={t('webhooks.more', { name: webhook.name })}>
                      <IconDots size={16} aria-hidden />
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item onClick={() => setChanging(webhook)}>{t('webhooks.change')}</Menu.Item>
                    <Menu.Item onClick={() => setTelling(webhook)}>{t('webhooks.again.open')}</Menu.Item>
                    <Menu.Item
                      onClick={() =>
                        act.submit(() =>
                          client.changeWebhook(project, webhook.id, { isActive: webhook.state !== 'active' }),
                        )
                      }
                    >
                      {t(webhook.state === 'active' ? 'webhooks.pause' : 'webhooks.resume')}
                    </Menu.Item>
                    <Menu.Item
                      onClick={() =>
                        act.submit(async () => {
                          setSecret((await client.renewWebhookSecret(project, webhook.id)).secret)
                        })
                      }
                    >
                      {t('webhooks.renew')}
                    </Menu.Item>
                    <Menu.Item color="red" onClick={() => setRemoving(webhook)}>
                      {t('common.remove')}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </Group>
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        question={removing && t('webhooks.removeConfirm', { name: removing.name })}
        yes={t('common.remove')}
        no={t('common.cancel')}
        onYes={() => {
          if (removing) act.submit(() => client.removeWebhook(project, removing.id))
          setRemoving(undefined)
        }}
        onClose={() => setRemoving(undefined)}
      />
      <Modal
        opened={secret !== undefined}
        onClose={() => setSecret(undefined)}
        title={t('webhooks.renew')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <Stack gap="sm">
          <Text size="sm">{t('webhooks.renewedDetail')}</Text>
          <SecretShown
            value={secret ?? ''}
            label={t('webhooks.secret')}
            words={[t('common.copy'), t('common.copiedOk')]}
          />
        </Stack>
      </Modal>
      <NewWebhookDialog
        opened={isNew}
        project={project}
        onClose={() => setIsNew(false)}
        onMade={() => void refresh()}
      />
      <ChangeWebhookDialog
        project={project}
        webhook={changing}
        onClose={() => setChanging(undefined)}
        onDone={refresh}
      />
      <SendAgainDialog project={project} webhook={telling} onClose={() => setTelling(undefined)} onDone={refresh} />
      <DeliveriesDialog project={project} webhook={shown} onClose={() => setShown(undefined)} />
    </PageSection>
  )
}

function WebhookFacts({ webhook }: { webhook: Webhook }) {
  const { t, i18n } = useTranslation()
  const isOver = webhook.state === 'failed' || webhook.state === 'gone'
  const color = isOver ? 'red' : webhook.state === 'paused' ? 'gray' : webhook.failingSince ? 'orange' : 'signal'
  const state = webhook.state === 'active' && webhook.failingSince ? 'failing' : webhook.state
  return (
    <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
      <Text size="sm" span fw={500}>
        {webhook.name}
      </Text>{' '}
      <Badge variant="light" color={color}>
        {t(`webhooks.states.${state}`)}
      </Badge>
      <Text size="xs" c="dimmed">
        {webhook.url}
      </Text>
      <Text size="xs" c="dimmed">
        {webhook.kinds.map((kind) => t(`webhooks.kinds.${kind}`)).join(', ')} ·{' '}
        {t('webhooks.waiting', { count: webhook.waiting })}
        {webhook.nextAttemptAt === null
          ? ''
          : ` · ${t('webhooks.nextAttempt', { at: formatInstant(webhook.nextAttemptAt, i18n.language) })}`}
      </Text>
      {isOver ? (
        <Text size="xs" c="red" role="alert">
          {t('webhooks.over')} {webhook.endedReason}
        </Text>
      ) : null}
    </div>
  )
}
