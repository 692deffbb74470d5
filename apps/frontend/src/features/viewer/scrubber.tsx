import { useTranslation } from 'react-i18next'
import { useViewerState } from './use-viewer-state.ts'
import classes from './viewer.module.css'
import type { ViewerSession } from './viewer-state.ts'

/** The whole stack in one line: drag to any image. */
export function Scrubber({ session, count }: { session: ViewerSession; count: number }) {
  const { t } = useTranslation()
  const place = useViewerState(session, (state) => state.place) ?? 0
  return (
    <div className={classes.scrubber}>
      <input
        type="range"
        min={1}
        max={count}
        value={place + 1}
        aria-label={t('viewer.scrub')}
        aria-valuetext={t('viewer.imageOf', { number: place + 1, count })}
        data-testid="viewer-scrub"
        onChange={(event) => session.goTo(event.currentTarget.valueAsNumber - 1)}
      />
    </div>
  )
}
