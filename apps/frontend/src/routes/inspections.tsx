import type { Inspection } from '@instandt/api'
import { Box, Button, Code, EmptyState, Group, Text, Title } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconFileUpload, IconSearchOff, IconUsers } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../api/fault.tsx'
import { inspectionsQuery, inspectionsTotalQuery, searchAttributesQuery, sessionQuery } from '../api/queries.ts'
import { ChosenBar } from '../features/search/chosen-bar.tsx'
import { isNarrowed, withFilters } from '../features/search/filters.ts'
import { InspectionsTable } from '../features/search/inspections-table.tsx'
import classes from '../features/search/search.module.css'
import { SearchBar } from '../features/search/search-bar.tsx'
import type { InspectionsSearch } from '../search-params.ts'
import { formatCount } from '../ui/format.ts'
import { LinkButton } from '../ui/link-controls.tsx'
import { useShortcuts } from '../ui/use-shortcuts.ts'

const route = getRouteApi('/inside/')

/** The list of inspections: everything that narrows it is in the address. */
export function InspectionsPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const navigate = useNavigate()
  const isCompact = useMediaQuery('(max-width: 62em)', false, { getInitialValueInEffect: false })
  const box = useRef<HTMLInputElement>(null)
  useShortcuts({ '/': () => box.current?.focus() })

  const pages = useInfiniteQuery(inspectionsQuery(search))
  const inspections = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data])
  const total = useQuery(inspectionsTotalQuery(search))

  const setSearch = useCallback(
    // Typing a word must not leave a trail of half words in the history.
    (next: InspectionsSearch) => void navigate({ to: '/', search: next, replace: true }),
    [navigate],
  )
  const onSort = useCallback(
    (sort: NonNullable<InspectionsSearch['sort']>) => setSearch(withFilters(search, { sort })),
    [search, setSearch],
  )
  const onOpen = useCallback(
    ({ studyInstanceUid }: Inspection) =>
      void navigate({ to: '/inspections/$study', params: { study: studyInstanceUid } }),
    [navigate],
  )
  // Kept while the list is narrowed otherwise: what is chosen may come from several searches.
  const [chosen, setChosen] = useState<ReadonlyMap<string, Inspection>>(new Map())
  const onChoose = useCallback((inspection: Inspection) => {
    setChosen((before) => {
      const next = new Map(before)
      if (!next.delete(inspection.studyInstanceUid)) next.set(inspection.studyInstanceUid, inspection)
      return next
    })
  }, [])
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = pages
  const onNearEnd = hasNextPage && !isFetching && !isFetchNextPageError ? () => void fetchNextPage() : undefined

  const { data: declared } = useQuery(searchAttributesQuery)
  const attributes = declared?.items.filter((one) => one.level === 'study' && one.state === 'ready') ?? []
  const { data: session } = useQuery(sessionQuery)
  const projects = session?.projects ?? []
  const hasNoProject = session !== undefined && projects.length === 0
  const isEmpty = pages.isSuccess && inspections.length === 0
  return (
    <div className={classes.page}>
      <title>{`${t('search.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <div className={classes.titleRow}>
          <Title order={1}>{t('search.title')}</Title>
          <TotalText total={total.data} />
        </div>
        <SearchBar
          search={search}
          onChange={setSearch}
          boxRef={box}
          showsSort={isCompact}
          projects={projects}
          attributes={attributes}
        />
      </div>
      {hasNoProject ? (
        <Box p="xl" mt="xl">
          <EmptyState
            icon={<IconUsers stroke={1.4} />}
            title={t('search.noProject.title')}
            description={t('search.noProject.detail')}
          />
        </Box>
      ) : pages.isError && inspections.length === 0 ? (
        <Fault error={pages.error} onRetry={() => void pages.refetch()} />
      ) : isEmpty ? (
        <NothingToShow search={search} onClear={() => setSearch({})} />
      ) : (
        <InspectionsTable
          inspections={inspections}
          search={search}
          onSort={onSort}
          onOpen={onOpen}
          onNearEnd={onNearEnd}
          waitingRows={pages.isPending ? 12 : hasNextPage && !isFetchNextPageError ? 4 : 0}
          total={total.data?.isCapped ? undefined : total.data?.total}
          isCompact={isCompact}
          isStale={pages.isPlaceholderData}
          chosen={chosen}
          onChoose={onChoose}
        />
      )}
      <ChosenBar chosen={chosen} onClear={() => setChosen(new Map())} />
      {isFetchNextPageError ? (
        <Group justify="center" p="xs" role="alert">
          <Text size="sm">{t('search.moreFailed')}</Text>
          <Button size="xs" variant="default" onClick={() => void fetchNextPage()}>
            {t('common.retry')}
          </Button>
        </Group>
      ) : null}
    </div>
  )
}

function TotalText({ total }: { total: { total: number; isCapped: boolean } | undefined }) {
  const { t, i18n } = useTranslation()
  const shown = total && formatCount(total.total, i18n.language)
  return (
    <output className={classes.total}>
      {total === undefined || shown === undefined
        ? ''
        : total.isCapped
          ? t('search.moreThan', { total: shown })
          : t('search.total', { count: total.total, total: shown })}
    </output>
  )
}

function NothingToShow({ search, onClear }: { search: InspectionsSearch; onClear: () => void }) {
  const { t } = useTranslation()
  if (isNarrowed(search)) {
    return (
      <Box p="xl" mt="xl">
        <EmptyState
          icon={<IconSearchOff stroke={1.4} />}
          title={t('search.noResult.title')}
          description={t('search.noResult.detail')}
        >
          <EmptyState.Actions>
            <Button variant="default" onClick={onClear}>
              {t('search.clear')}
            </Button>
          </EmptyState.Actions>
        </EmptyState>
      </Box>
    )
  }
  return (
    <Box p="xl" mt="xl">
      <EmptyState
        icon={<IconFileUpload stroke={1.4} />}
        title={t('search.empty.title')}
        description={t('search.empty.detail')}
      >
        <EmptyState.Actions>
          <LinkButton to="/upload">{t('search.empty.upload')}</LinkButton>
        </EmptyState.Actions>
        <Text size="sm" c="dimmed" mt="lg">
          {t('search.empty.demo')} <Code>npm start -- --demo</Code>
        </Text>
      </EmptyState>
    </Box>
  )
}
