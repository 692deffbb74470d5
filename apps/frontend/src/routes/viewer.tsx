import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import { Viewer } from '../features/viewer/viewer.tsx'

const route = getRouteApi('/inside/inspections/$study/view/$series')

export function ViewerPage() {
  const { study, series } = route.useParams()
  const { instance, frame } = route.useSearch()
  const navigate = useNavigate()

  const onShow = useCallback(
    (shown: string, shownFrame: number) =>
      void navigate({
        to: '/inspections/$study/view/$series',
        params: { study, series },
        search: { instance: shown, ...(shownFrame > 1 ? { frame: shownFrame } : {}) },
        // Going back leaves the viewer, not image after image.
        replace: true,
      }),
    [navigate, study, series],
  )
  const onOpenView = useCallback(
    (next: string) =>
      void navigate({ to: '/inspections/$study/view/$series', params: { study, series: next }, replace: true }),
    [navigate, study],
  )
  const toInspection = useCallback(
    (attributes?: string) =>
      void navigate({ to: '/inspections/$study', params: { study }, search: { view: series, attributes } }),
    [navigate, study, series],
  )
  const onBack = useCallback(() => toInspection(), [toInspection])

  return (
    <Viewer
      // Another view is another session: pixels, window and place belong to it.
      key={series}
      study={study}
      series={series}
      instance={instance}
      frame={frame}
      onShow={onShow}
      onOpenView={onOpenView}
      onAttributes={toInspection}
      onBack={onBack}
    />
  )
}
