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
  const progress = useViewerState(session, (state) => state.progress)
  const isSlow = useIsSlow(isLoading)
  if (!isSlow) return null
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
    <output className={classes.loading}>
      <progress
        {...(isKnown && !isDecoding ? { value: loaded, max: total } : {})}
        aria-label={t('viewer.loadingImage')}
      />
      <span>{words}</span>
    </output>
  )
}
