import { Center, Drawer, Loader, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { forgetInspection, isBeingCorrected } from '../api/archive-queries.ts'
import { Fault } from '../api/fault.tsx'
import { inspectionQuery, sessionQuery } from '../api/queries.ts'
import archiveClasses from '../features/archive/archive.module.css'
import { DeleteDialog, type ToDelete } from '../features/archive/delete-dialog.tsx'
import { HistoryPanel } from '../features/archive/history-panel.tsx'
import { InspectionActions } from '../features/archive/inspection-actions.tsx'
import { InstanceFile } from '../features/archive/instance-file.tsx'
import { FaultNotice } from '../features/archive/proof-panel.tsx'
import { proofWords } from '../features/archive/proof-words.ts'
import { useHistory } from '../features/archive/use-history.ts'
import classes from '../features/inspection/inspection.module.css'
import { InspectionHeading } from '../features/inspection/inspection-heading.tsx'
import { InstancesTable } from '../features/inspection/instances-table.tsx'
import { ViewList } from '../features/inspection/view-list.tsx'

const AttributesPanel = lazy(async () => {
  const { AttributesPanel: panel } = await import('../features/inspection/attributes-panel.tsx')
  return { default: panel }
})

const route = getRouteApi('/inside/inspections/$study')

/** One inspection: its facts, its views, the images of the selected view, any image's attributes, and its history. */
export function InspectionPage() {
  const { t, i18n } = useTranslation()
  const { study } = route.useParams()
  const search = route.useSearch()
  const { view: askedView, attributes } = search
  const navigate = useNavigate()
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const isCompact = useMediaQuery('(max-width: 75em)', false, { getInitialValueInEffect: false })
  const inspection = useQuery(inspectionQuery(study))
  const history = useHistory(study)
  const { data: session } = useQuery(sessionQuery)
  const [deleting, setDeleting] = useState<ToDelete>()
  // The panel keeps its content while it slides away.
  const [shown, setShown] = useState(attributes)
  if (attributes !== undefined && attributes !== shown) setShown(attributes)

  if (inspection.isError) return <Fault error={inspection.error} onRetry={() => void inspection.refetch()} />
  if (inspection.isPending) return <InspectionSkeleton />

  const { views, componentName, instanceCount, projectSlug, storedAt } = inspection.data
  const selected = views.find(({ seriesInstanceUid }) => seriesInstanceUid === askedView) ?? views[0]
  const permissions = session?.projects.find(({ slug }) => slug === projectSlug)?.permissions ?? []
  const goTo = (beside: Omit<typeof search, 'view'>): Promise<void> =>
    navigate({
      to: '/inspections/$study',
      params: { study },
      search: { ...(selected && askedView ? { view: selected.seriesInstanceUid } : {}), ...beside },
      resetScroll: false,
    })
  const afterDeletion = async ({ level, count }: ToDelete): Promise<void> => {
    if (count < instanceCount) return level === 'instance' ? goTo({}) : navigate({ to: '.', search: {} })
    await navigate({ to: '/' })
    forgetInspection(study)
  }

  return (
    <div className={classes.page}>
      <title>{`${componentName ?? t('search.unnamed')} – ${t('app.name')}`}</title>
      <InspectionHeading
        inspection={inspection.data}
        proven={history.data ? proofWords(t, history.data.proof, i18n.language) : t('common.loading')}
        notice={history.data && history.data.proof.faultCount > 0 ? <FaultNotice proof={history.data.proof} /> : null}
        actions={
          session ? (
            <InspectionActions
              inspection={inspection.data}
              view={selected}
              session={session}
              current={history.data?.current}
              isBeingCorrected={isBeingCorrected(history.data)}
              isNarrow={isNarrow}
              onHistory={() => void goTo({ history: 'open' })}
              onDelete={setDeleting}
            />
          ) : null
        }
      />
      <div className={classes.columns}>
        <ViewList inspection={inspection.data} selected={selected?.seriesInstanceUid} />
        {selected ? (
          <section className={classes.instances} aria-labelledby="instances-title">
            <h2 id="instances-title" className={classes.sectionTitle}>
              {t('inspection.instances')}
            </h2>
            <InstancesTable
              key={selected.seriesInstanceUid}
              study={study}
              series={selected.seriesInstanceUid}
              count={selected.instanceCount}
              selected={attributes}
              isCompact={isCompact}
            />
          </section>
        ) : null}
      </div>
      <Drawer
        opened={attributes !== undefined}
        onClose={() => void goTo({})}
        position="right"
        size={isNarrow ? '100%' : '58rem'}
        title={t('attributes.title')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
        classNames={{ body: classes.drawerBody }}
        transitionProps={{ duration: 120 }}
      >
        {selected && shown !== undefined ? (
          <Suspense
            fallback={
              <Center h="100%">
                <Loader aria-label={t('common.loading')} />
              </Center>
            }
          >
            <div className={archiveClasses.withFile}>
              <InstanceFile
                study={study}
                instance={shown}
                mayDelete={permissions.includes('delete')}
                onDelete={() =>
                  setDeleting({ level: 'instance', instances: [shown], name: componentName ?? shown, count: 1 })
                }
              />
              <AttributesPanel
                key={shown}
                study={study}
                series={selected.seriesInstanceUid}
                instance={shown}
                isCompact={isNarrow}
              />
            </div>
          </Suspense>
        ) : null}
      </Drawer>
      <Drawer
        opened={search.history !== undefined}
        onClose={() => void goTo({})}
        position="right"
        size={isNarrow ? '100%' : '34rem'}
        title={t('archive.history.title')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
        transitionProps={{ duration: 120 }}
        padding={0}
        classNames={{ header: archiveClasses.drawerHead }}
      >
        {history.isError ? (
          <Fault error={history.error} onRetry={() => void history.refetch()} />
        ) : history.isPending ? (
          <Skeleton h="10rem" mx="md" w="auto" />
        ) : (
          <HistoryPanel
            study={study}
            history={history.data}
            storedAt={storedAt}
            mayCorrect={permissions.includes('correct')}
          />
        )}
      </Drawer>
      <DeleteDialog study={study} what={deleting} onClose={() => setDeleting(undefined)} onDeleted={afterDeletion} />
    </div>
  )
}

/** Bars where heading, views and images will stand, so that nothing moves when they come. */
function InspectionSkeleton() {
  return (
    <div className={classes.page} aria-busy>
      <div className={classes.heading}>
        <Skeleton height={14} width={160} mt={4} />
        <Skeleton height={24} width={320} mt={10} />
        <Skeleton height={16} width={240} mt={8} />
        <Skeleton height={38} width="min(100%, 60rem)" mt={14} />
      </div>
      <div className={classes.columns}>
        <div className={classes.views}>
          <Skeleton height={16} width={80} m="md" />
          <Skeleton height={48} mx="md" mb="xs" w="auto" />
          <Skeleton height={48} mx="md" w="auto" />
        </div>
      </div>
    </div>
  )
}
