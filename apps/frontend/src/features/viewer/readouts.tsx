import type { InspectionDetail, View } from '@instandt/api'
import type { TFunction } from 'i18next'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatDate } from '../../ui/format.ts'
import { centreAndWidth, imageSizeOf, imageToCanvas } from './engine/index.ts'
import { formatValue } from './format-value.ts'
import { useViewerState } from './use-viewer-state.ts'
import classes from './viewer.module.css'
import type { PixelReading } from './pixel-reading.ts'
import type { ViewerSession } from './viewer-state.ts'
import { isExactWindow } from './window-menu.tsx'

interface OverlayProps {
  session: ViewerSession
  inspection: InspectionDetail | undefined
  view: View | undefined
}

/** Words over the corners of the picture: what it shows. */
export function Overlay({ session, inspection, view }: OverlayProps) {
  const { t, i18n } = useTranslation()
  const frame = useViewerState(session, (state) => state.frame)
  const reduction = frame?.image.display.reduction ?? 1
  const date = formatDate(view?.date ?? inspection?.date ?? null, i18n.language)
  return (
    <div className={classes.overlay} aria-hidden={frame === undefined}>
      <div className={classes.topLeft} data-testid="viewer-component">
        <strong>{inspection?.componentName ?? t('search.unnamed')}</strong>
        {inspection?.componentNumber ? <span>{inspection.componentNumber}</span> : null}
        {date ? <span>{date}</span> : null}
      </div>
      <div className={classes.topRight} data-testid="viewer-view">
        <strong>{viewTitle(t, view)}</strong>
        {view?.modality ? <span>{view.modality}</span> : null}
      </div>
      {frame ? (
        <div className={classes.bottomRight}>
          <span>{t('viewer.size', { columns: frame.format.columns, rows: frame.format.rows })}</span>
          {reduction > 1 ? <span className={classes.note}>{t('viewer.reduced', { factor: reduction })}</span> : null}
        </div>
      ) : null}
    </div>
  )
}

export function viewTitle(t: TFunction, view: View | undefined): string {
  if (view?.description) return view.description
  return view?.number === null || view?.number === undefined
    ? t('inspection.viewUnnumbered')
    : t('inspection.view', { number: view.number })
}

/** Numbers of the picture, in a line that is always there. */
export function StatusBar({ session, count }: { session: ViewerSession; count: number }) {
  const { t, i18n } = useTranslation()
  const frame = useViewerState(session, (state) => state.frame)
  const window = useViewerState(session, (state) => state.window)
  const zoom = useViewerState(session, (state) => state.view?.zoom)
  const numbers = frame ? centreAndWidth(window, isExactWindow(frame)) : undefined
  const isColour = frame?.image.display.components === 3
  const value = (number: number): string => formatValue(Number(number.toPrecision(6)), i18n.language)
  return (
    <div className={classes.status} data-testid="viewer-status">
      <Place session={session} count={count} />
      {numbers && !isColour ? (
        <span className={classes.cell} data-testid="viewer-window">
          {t('viewer.windowIs', { centre: value(numbers.centre), width: value(numbers.width) })}
        </span>
      ) : null}
      {zoom !== undefined ? (
        <span className={classes.cell} data-testid="viewer-zoom">
          {t('viewer.zoomIs', { percent: value(Number((zoom * 100).toPrecision(3))) })}
        </span>
      ) : null}
      <Pixel session={session} />
    </div>
  )
}

function Place({ session, count }: { session: ViewerSession; count: number }) {
  const { t } = useTranslation()
  const place = useViewerState(session, (state) => state.place)
  const address = useViewerState(session, (state) => state.address)
  const frames = useViewerState(session, (state) => state.frameCount ?? 1)
  if (place === undefined || !address) return <span className={classes.cell} data-testid="viewer-place" />
  return (
    <span className={classes.cell} data-testid="viewer-place">
      {t('viewer.imageOf', { number: place + 1, count })}
      {frames > 1 ? ` · ${t('viewer.frameOf', { number: address.frame, count: frames })}` : ''}
    </span>
  )
}

function readingText(t: TFunction, language: string, reading: PixelReading, unit: string): string {
  const value = reading.stored.map((stored) => formatValue(stored, language)).join(' / ')
  const { x, y } = reading
  if (reading.rescaled === undefined) return t('viewer.pixel', { x, y, value })
  const rescaled = [formatValue(Number(reading.rescaled.toPrecision(7)), language), unit].filter(Boolean).join(' ')
  return t('viewer.pixelRescaled', { x, y, value, rescaled })
}

function Pixel({ session }: { session: ViewerSession }) {
  const { t, i18n } = useTranslation()
  const reading = useViewerState(session, (state) => state.reading)
  const type = useViewerState(session, (state) => state.frame?.attributes.rescale?.type ?? '')
  // US stands for "unspecified".
  const unit = type === 'US' ? '' : type
  return (
    <span className={classes.pixel} data-testid="viewer-pixel">
      {reading ? readingText(t, i18n.language, reading, unit) : t('viewer.noPixel')}
    </span>
  )
}

/** The pixel that the keyboard points at. */
export function Probe({ session }: { session: ViewerSession }) {
  const probe = useViewerState(session, (state) => state.probe)
  const frame = useViewerState(session, (state) => state.frame)
  const view = useViewerState(session, (state) => state.view)
  if (!probe || !frame || !view) return null
  const at = imageToCanvas(probe, view, imageSizeOf(frame), session.canvasSize())
  const style = { left: at.x / devicePixelRatio, top: at.y / devicePixelRatio }
  return <div className={classes.probe} style={style} aria-hidden />
}

/** For those who hear the page: where one is, once it has come to rest. */
export function Announcer({ session, count }: { session: ViewerSession; count: number }) {
  const { t, i18n } = useTranslation()
  const place = useViewerState(session, (state) => state.place)
  const isBusy = useViewerState(session, (state) => state.isPlaying || state.isLoading)
  const probe = useViewerState(session, (state) => (state.probe ? state.reading : undefined))
  const [text, setText] = useState('')
  useEffect(() => {
    if (isBusy || place === undefined) return
    const timer = setTimeout(() => {
      const where = t('viewer.imageOf', { number: place + 1, count })
      setText(probe ? readingText(t, i18n.language, probe, '') : where)
    }, 300)
    return () => clearTimeout(timer)
  }, [isBusy, place, probe, count, t, i18n.language])
  return (
    <div className={classes.hidden} aria-live="polite" data-testid="viewer-live">
      {text}
    </div>
  )
}
