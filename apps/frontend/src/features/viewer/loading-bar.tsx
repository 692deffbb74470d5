import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../ui/format.ts'
import { useViewerState } from './use-viewer-state.ts'
import { useIsSlow } from './use-is-slow.ts'
import classes from './viewer.module.css'
import type { ViewerSession } from './viewer-state.ts'

/** How much of the image is here; quick ones do not flicker. */
export function LoadingBar({ session }: { session: ViewerSession }) {
  const { t, i18n } = useTranslation()
  const isLoading = useViewerState(session, (state) => state.isLoading)
  const hasFrame = useViewerState(session, (state) => state.frame !== undefined)
  const progress = useViewerState(session, (state) => state.progress)
  const isFirst = !useIsShown(hasFrame)
  const isSlow = useIsSlow(isLoading)
  // The first picture takes the place of nothing: until it is on the screen, something says so.
  if (isFirst ? !isLoading && !hasFrame : !isSlow) return null
  const { loaded = 0, total } = progress ?? {}
  const isKnown = total !== undefined && total > 0
  // All bytes are here: the rest is decoding, of unknown length.
  const isDecoding = isKnown && loaded >= total
  const words = isDecoding
    ? t('viewer.decoding')
    : isKnown
      ? t('viewer.loadedOf', { loaded: formatBytes(loaded, i18n.language), total: formatBytes(total, i18n.language) })
      : t('viewer.loadingImage')
  return (
    <output className={`${classes.loading} ${isFirst ? 'appears-late' : ''}`} data-testid="viewer-loading">
      <progress
        {...(isKnown && !isDecoding ? { value: loaded, max: total } : {})}
        aria-label={t('viewer.loadingImage')}
      />
      <span>{words}</span>
    </output>
  )
}

/** Whether the first frame had time to reach the screen: it is drawn in the next turn of the screen, and there in the one after. */
function useIsShown(hasFrame: boolean): boolean {
  const [isShown, setIsShown] = useState(false)
  useEffect(() => {
    if (!hasFrame) return
    let next = requestAnimationFrame(() => {
      next = requestAnimationFrame(() => setIsShown(true))
    })
    return () => cancelAnimationFrame(next)
  }, [hasFrame])
  return isShown
}
