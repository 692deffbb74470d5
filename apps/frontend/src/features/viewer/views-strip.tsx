import type { View } from '@instandt/api'
import { useTranslation } from 'react-i18next'
import { formatCount } from '../../ui/format.ts'
import { viewTitle } from './readouts.tsx'
import classes from './viewer.module.css'

interface ViewsStripProps {
  views: readonly View[]
  current: string
  onOpen: (series: string) => void
}

/** The views of the inspection, one below the other. */
export function ViewsStrip({ views, current, onOpen }: ViewsStripProps) {
  const { t, i18n } = useTranslation()
  return (
    <nav className={classes.views} aria-label={t('inspection.views')}>
      <h2>{t('inspection.viewsCount', { count: views.length })}</h2>
      <ul>
        {views.map((view) => (
          <li key={view.seriesInstanceUid}>
            <button
              type="button"
              className={classes.view}
              aria-current={view.seriesInstanceUid === current ? 'true' : undefined}
              onClick={() => onOpen(view.seriesInstanceUid)}
            >
              <span className={classes.viewName}>{viewTitle(t, view)}</span>
              <span className={classes.dim}>
                {[
                  view.modality,
                  t('inspection.images', {
                    count: view.instanceCount,
                    shown: formatCount(view.instanceCount, i18n.language),
                  }),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}
