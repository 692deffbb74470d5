import { EmptyState, Skeleton, Text, Title } from '@mantine/core'
import { IconTrashOff } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { binQuery } from '../api/archive-queries.ts'
import { Fault } from '../api/fault.tsx'
import { sessionQuery } from '../api/queries.ts'
import { BinList } from '../features/archive/bin-list.tsx'
import { MoreButton } from '../ui/more-button.tsx'
import classes from '../ui/page.module.css'

/** What was deleted and can still be brought back: of one's projects, or of all for those who look after the archive. */
export function BinPage() {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  const isEvery = session?.permissions.includes('manage-archive') ?? false
  const pages = useInfiniteQuery({ ...binQuery(isEvery ? 'all' : 'own'), enabled: session !== undefined })
  const items = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <title>{`${t('archive.bin.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <div>
          <Title order={2}>{t('archive.bin.title')}</Title>
          <Text size="sm" c="dimmed" maw="40rem">
            {t('archive.bin.detail')}
          </Text>
        </div>
      </div>
      {pages.isError && items.length === 0 ? (
        <Fault error={pages.error} onRetry={() => void pages.refetch()} />
      ) : pages.isPending || !session ? (
        <Skeleton h="16rem" />
      ) : items.length === 0 ? (
        <EmptyState
          icon={<IconTrashOff stroke={1.4} />}
          title={t('archive.bin.empty')}
          description={t('archive.bin.emptyDetail')}
        />
      ) : (
        <BinList items={items} session={session} />
      )}
      <MoreButton pages={pages} />
    </>
  )
}
