import { archiveName, downloadUrl, type InspectionDetail } from '@instandt/api'
import { Badge, Title } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { DownloadButton } from '../../ui/download-button.tsx'
import { formatBytes, formatDate, formatInstant, formatTime } from '../../ui/format.ts'
import classes from './inspection.module.css'

interface InspectionHeadingProps {
  inspection: InspectionDetail
  /** When its bytes were last read again and found right, in words. */
  proven: ReactNode
  actions: ReactNode
  /** What everybody must know before looking. */
  notice: ReactNode
}

/** What was inspected, for whom, when, and what can be done with it. */
export function InspectionHeading({ inspection, proven, actions, notice }: InspectionHeadingProps) {
  const { t, i18n } = useTranslation()
  const date = formatDate(inspection.date, i18n.language)
  const facts: [string, string | null | undefined][] = [
    [t('inspection.number'), inspection.componentNumber],
    [t('inspection.order'), inspection.orderNumber],
    [t('inspection.inspectionNumber'), inspection.inspectionNumber],
    [t('inspection.date'), date && [date, formatTime(inspection.time)].filter(Boolean).join(' ')],
    [t('inspection.owner'), inspection.componentOwner],
    [t('inspection.material'), inspection.material],
    [t('inspection.size'), formatBytes(inspection.byteSize, i18n.language)],
    [t('inspection.stored'), formatInstant(inspection.storedAt, i18n.language)],
  ]
  return (
    <header className={classes.heading}>
      <div className={classes.headingTop}>
        <Link to="/" className={classes.back}>
          <IconArrowLeft size={15} aria-hidden />
          {t('inspection.back')}
        </Link>
        <div className={classes.headingActions}>
          <DownloadButton
            href={downloadUrl(inspection.studyInstanceUid)}
            name={archiveName(inspection)}
            label={t('common.downloadZip')}
          />
          {actions}
        </div>
      </div>
      <div className={classes.titleRow}>
        <Title order={1} className={classes.title}>
          {inspection.componentName ?? t('search.unnamed')}
        </Title>
        {inspection.isDiconde ? <Badge title={t('search.dicondeMark')}>{t('inspection.diconde')}</Badge> : null}
      </div>
      {inspection.description ? <p className={classes.description}>{inspection.description}</p> : null}
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value ?? undefined}>{value || t('common.none')}</dd>
          </div>
        ))}
        <div>
          <dt>{t('inspection.proven')}</dt>
          <dd>{proven}</dd>
        </div>
      </dl>
      {notice}
    </header>
  )
}
