import { changeKinds, type Webhook } from '@instandt/api'
import { Badge, Button, Modal, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Fault } from '../../api/fault.tsx'
import { deliveriesQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import classes from '../../ui/page.module.css'

interface DeliveriesDialogProps {
  project: string
  webhook: Webhook | undefined
  onClose: () => void
}

/** The newest messages to one receiver, and what it said to them. */
export function DeliveriesDialog({ project, webhook, onClose }: DeliveriesDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={webhook !== undefined}
      onClose={onClose}
      size="44rem"
      title={t('webhooks.deliveriesOf', { name: webhook?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {webhook ? <Deliveries project={project} id={webhook.id} /> : null}
    </Modal>
  )
}

function Deliveries({ project, id }: { project: string; id: string }) {
  const { t, i18n } = useTranslation()
  const deliveries = useQuery(deliveriesQuery(project, id))
  const again = useSubmit<string>(
    (delivery) => client.sendAgain(project, id, delivery),
    () => queryClient.invalidateQueries(deliveriesQuery(project, id)),
  )
  const kindOf = (kind: string): string => {
    const known = changeKinds.find((one) => one === kind)
    return known === undefined ? t('webhooks.trial') : t(`webhooks.kinds.${known}`)
  }
  if (deliveries.isError) return <Fault error={deliveries.error} onRetry={() => void deliveries.refetch()} />
  if (deliveries.isPending) return <Skeleton h="8rem" />
  if (deliveries.data.items.length === 0) return <Text c="dimmed">{t('webhooks.nothingTold')}</Text>
  return (
    <>
      <FormFault words={again.fault} />
      <ul className={classes.list}>
        {deliveries.data.items.map((delivery) => (
          <li key={delivery.id} className={classes.row}>
            <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              <Badge
                variant="light"
                color={delivery.state === 'delivered' ? 'signal' : delivery.state === 'failed' ? 'red' : 'orange'}
              >
                {t(`webhooks.deliveryStates.${delivery.state}`)}
              </Badge>{' '}
              <Text size="sm" span>
                {kindOf(delivery.kind)}
              </Text>
              <Text size="xs" c="dimmed">
                {formatInstant(delivery.attemptedAt ?? delivery.createdAt, i18n.language)} ·{' '}
                {t('webhooks.attempts', { count: delivery.attempts })}
                {delivery.durationMs === null ? '' : ` · ${delivery.durationMs} ms`}
              </Text>
              <Text size="xs" lineClamp={2}>
                {[delivery.status, delivery.answer].filter(Boolean).join(' · ')}
              </Text>
            </div>
            <Button size="xs" variant="default" disabled={again.isBusy} onClick={() => again.submit(delivery.id)}>
              {t('webhooks.sendAgain')}
            </Button>
          </li>
        ))}
      </ul>
    </>
  )
}
