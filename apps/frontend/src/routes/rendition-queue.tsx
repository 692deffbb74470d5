import { Button, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { failedRenditionsQuery, renditionQueueQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { FailedRenditions } from '../features/admin/failed-renditions.tsx'
import { QueueNumbers } from '../features/admin/queue-numbers.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { FormFault } from '../ui/form-fault.tsx'
import { PageSection } from '../ui/page-section.tsx'
import classes from '../ui/page.module.css'

/** How far the images for screens are, what could not be made, and a way to try again. */
export function RenditionQueuePage() {
  const { t } = useTranslation()
  const queue = useQuery(renditionQueueQuery)
  const failed = useInfiniteQuery(failedRenditionsQuery)
  const [isAsking, setIsAsking] = useState(false)
  const remake = useSubmit(
    async () => client.remakeRenditions({ of: 'failed' }),
    async () => {
      setIsAsking(false)
      notifications.show({ message: t('renditionQueue.again') })
      await Promise.all([
        queryClient.invalidateQueries(renditionQueueQuery),
        queryClient.invalidateQueries(failedRenditionsQuery),
      ])
    },
  )
  const items = failed.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <title>{`${t('renditionQueue.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <div>
          <Title order={2}>{t('renditionQueue.title')}</Title>
          <Text size="sm" c="dimmed" maw="40rem">
            {t('renditionQueue.detail')}
          </Text>
        </div>
      </div>
      {queue.data ? (
        <QueueNumbers queue={queue.data} />
      ) : queue.isError ? (
        <Fault error={queue.error} onRetry={() => void queue.refetch()} />
      ) : (
        <Skeleton h="9rem" mb="md" />
      )}
      <PageSection
        title={t('renditionQueue.failed')}
        detail={t('renditionQueue.failedDetail')}
        action={
          items.length > 0 ? (
            <Button variant="default" loading={remake.isBusy} onClick={() => setIsAsking(true)}>
              {t('renditionQueue.tryAgain')}
            </Button>
          ) : null
        }
      >
        <FormFault words={remake.fault} />
        {failed.isError ? (
          <Fault error={failed.error} onRetry={() => void failed.refetch()} />
        ) : failed.isPending ? (
          <Skeleton h="6rem" />
        ) : items.length === 0 ? (
          <Text c="dimmed">{t('renditionQueue.noneFailed')}</Text>
        ) : (
          <FailedRenditions items={items} />
        )}
        {failed.hasNextPage ? (
          <Button
            mt="sm"
            variant="default"
            loading={failed.isFetchingNextPage}
            onClick={() => void failed.fetchNextPage()}
          >
            {t('renditionQueue.more')}
          </Button>
        ) : null}
      </PageSection>
      <ConfirmDialog
        question={isAsking ? t('renditionQueue.ask') : undefined}
        yes={t('renditionQueue.tryAgain')}
        no={t('common.cancel')}
        isBusy={remake.isBusy}
        onYes={() => remake.submit()}
        onClose={() => setIsAsking(false)}
      />
    </>
  )
}
