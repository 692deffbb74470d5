import { Button, EmptyState, Skeleton, Text } from '@mantine/core'
import { IconListSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../api/fault.tsx'
import { searchAttributesQuery } from '../api/queries.ts'
import { NewSearchAttributeDialog } from '../features/admin/new-search-attribute.tsx'
import { SearchAttributeList } from '../features/admin/search-attribute-list.tsx'
import { PageSection } from '../ui/page-section.tsx'

const pollMs = 2000

/** What searches may ask for beyond the standard's keys, and how far its index has come. */
export function SearchAttributesPage() {
  const { t } = useTranslation()
  const [isNew, setIsNew] = useState(false)
  const attributes = useQuery({
    ...searchAttributesQuery,
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => one.state === 'indexing' || one.state === 'removing') ? pollMs : false,
  })
  const { items = [], limit = 0 } = attributes.data ?? {}
  return (
    <>
      <title>{`${t('searchAttributes.title')} – ${t('app.name')}`}</title>
      <PageSection
        title={t('searchAttributes.title')}
        detail={t('searchAttributes.detail')}
        action={<Button onClick={() => setIsNew(true)}>{t('searchAttributes.add')}</Button>}
      >
        {attributes.isError ? (
          <Fault error={attributes.error} onRetry={() => void attributes.refetch()} />
        ) : attributes.isPending ? (
          <Skeleton h="8rem" />
        ) : items.length === 0 ? (
          <EmptyState
            icon={<IconListSearch stroke={1.4} />}
            title={t('searchAttributes.empty')}
            description={t('searchAttributes.emptyDetail')}
          />
        ) : (
          <>
            <SearchAttributeList items={items} />
            <Text size="xs" c="dimmed" mt="sm">
              {t('searchAttributes.used', { count: items.length, limit })}
            </Text>
          </>
        )}
      </PageSection>
      <NewSearchAttributeDialog opened={isNew} onClose={() => setIsNew(false)} />
    </>
  )
}
