import { archiveName, downloadUrl, type InspectionDetail, seriesUrl, thumbnailUrl } from '@instandt/api'
import { Badge } from '@mantine/core'
import { IconPhoto } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DownloadButton } from '../../ui/download-button.tsx'
import { formatBytes, formatCount } from '../../ui/format.ts'
import { LinkButton } from '../../ui/link-controls.tsx'
import { Thumbnail } from '../../ui/thumbnail.tsx'
import classes from './inspection.module.css'

interface ViewListProps {
  inspection: InspectionDetail
  selected: string | undefined
}

/** The views of an inspection; the selected one shows its images beside or below. */
export function ViewList({ inspection, selected }: ViewListProps) {
  const { t, i18n } = useTranslation()
  const { studyInstanceUid: study, views } = inspection
  return (
    <section className={classes.views} aria-labelledby="views-title">
      <h2 id="views-title" className={classes.sectionTitle}>
        {t('inspection.viewsCount', { count: views.length })}
      </h2>
      <ul className={classes.viewItems}>
        {views.map((view) => (
          <li
            key={view.seriesInstanceUid}
            className={classes.view}
            data-selected={view.seriesInstanceUid === selected || undefined}
          >
            <Link
              to="/inspections/$study"
              params={{ study }}
              search={{ view: view.seriesInstanceUid }}
              replace
              resetScroll={false}
              className={classes.viewLink}
              aria-current={view.seriesInstanceUid === selected ? 'true' : undefined}
            >
              <Thumbnail
                src={view.hasImage ? thumbnailUrl(seriesUrl(study, view.seriesInstanceUid)) : undefined}
                size={44}
              />
              <span className={classes.viewTitle}>
                {view.modality ? <Badge size="sm">{view.modality}</Badge> : null}
                <span className={classes.ellipsis} title={view.description ?? undefined}>
                  {view.description ??
                    (view.number === null
                      ? t('inspection.viewUnnumbered')
                      : t('inspection.view', { number: view.number }))}
                </span>
              </span>
              <span className={classes.viewFacts}>
                {[
                  t('inspection.images', {
                    count: view.instanceCount,
                    shown: formatCount(view.instanceCount, i18n.language),
                  }),
                  formatBytes(view.byteSize, i18n.language),
                  view.station ?? view.manufacturer,
                  view.operator,
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </Link>
            <DownloadButton
              isSmall
              href={downloadUrl(study, view.seriesInstanceUid)}
              name={archiveName(inspection)}
              label={t('inspection.downloadView')}
            />
            <LinkButton
              to="/inspections/$study/view/$series"
              params={{ study, series: view.seriesInstanceUid }}
              size="xs"
              variant={view.seriesInstanceUid === selected ? 'filled' : 'default'}
              leftSection={<IconPhoto size={15} aria-hidden />}
              aria-label={t('inspection.openView')}
            >
              {t('common.open')}
            </LinkButton>
          </li>
        ))}
      </ul>
    </section>
  )
}
