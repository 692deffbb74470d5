import { Center, Drawer, Loader, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../api/fault.tsx'
import { inspectionQuery } from '../api/queries.ts'
import classes from '../features/inspection/inspection.module.css'
import { InspectionHeading } from '../features/inspection/inspection-heading.tsx'
import { InstancesTable } from '../features/inspection/instances-table.tsx'
import { ViewList } from '../features/inspection/view-list.tsx'

const AttributesPanel = lazy(async () => {
  const { AttributesPanel: panel } = await import('../features/inspection/attributes-panel.tsx')
  return { default: panel }
})

const route = getRouteApi('/inside/inspections/$study')

/** One inspection: its facts, its views, the images of the selected view, and any image's attributes. */
export function InspectionPage() {
  const { t } = useTranslation()
  const { study } = route.useParams()
  const { view: askedView, attributes } = route.useSearch()
  const navigate = useNavigate()
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const isCompact = useMediaQuery('(max-width: 75em)', false, { getInitialValueInEffect: false })
  const inspection = useQuery(inspectionQuery(study))
  // The panel keeps its content while it slides away.
  const [shown, setShown] = useState(attributes)
  if (attributes !== undefined && attributes !== shown) setShown(attributes)

  if (inspection.isError) return <Fault error={inspection.error} onRetry={() => void inspection.refetch()} />
  if (inspection.isPending) return <InspectionSkeleton />

  const { views, componentName } = inspection.data
  const selected = views.find(({ seriesInstanceUid }) => seriesInstanceUid === askedView) ?? views[0]
  const closeAttributes = (): void =>
    void navigate({
      to: '/inspections/$study',
      params: { study },
      search: selected && askedView ? { view: selected.seriesInstanceUid } : {},
      resetScroll: false,
    })

  return (
    <div className={classes.page}>
      <title>{`${componentName ?? t('search.unnamed')} – ${t('app.name')}`}</title>
      <InspectionHeading inspection={inspection.data} />
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
        onClose={closeAttributes}
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
            <AttributesPanel
              key={shown}
              study={study}
              series={selected.seriesInstanceUid}
              instance={shown}
              isCompact={isNarrow}
            />
          </Suspense>
        ) : null}
      </Drawer>
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
