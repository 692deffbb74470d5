import { Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { fixityQuery } from '../api/archive-queries.ts'
import { Fault } from '../api/fault.tsx'
import archiveClasses from '../features/archive/archive.module.css'
import { FaultTable } from '../features/archive/fault-table.tsx'
import { FixityNotice } from '../features/archive/fixity-notice.tsx'
import { formatBytes, formatCount, formatInstant } from '../ui/format.ts'
import classes from '../ui/page.module.css'

/** Whether the archive still holds what was stored: everything is read again within a period and compared. */
export function FixityPage() {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const report = useQuery({ ...fixityQuery, refetchInterval: 30_000 })
  const { data } = report
  const numbers: [string, string][] = data
    ? [
        [t('archive.fixity.objects'), formatCount(data.objectCount, language)],
        [t('archive.fixity.bytes'), formatBytes(data.byteSize, language)],
        [
          t('archive.fixity.proven'),
          data.provenCount === undefined ? t('common.none') : formatCount(data.provenCount, language),
        ],
        [t('archive.fixity.period'), t('tokens.daysOf', { count: data.periodDays })],
        [
          t('archive.fixity.lastDay'),
          `${formatCount(data.lastDay.objectCount, language)} · ${formatBytes(data.lastDay.byteSize, language)}`,
        ],
        [
          t('archive.fixity.oldest'),
          data.oldestAt === null ? t('common.none') : formatInstant(data.oldestAt, language),
        ],
        [t('archive.fixity.overdue'), formatCount(data.overdueCount, language)],
      ]
    : []
  return (
    <>
      <title>{`${t('archive.fixity.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <div>
          <Title order={2}>{t('archive.fixity.title')}</Title>
          <Text size="sm" c="dimmed" maw="44rem">
            {t('archive.fixity.detail')}
          </Text>
        </div>
      </div>
      {report.isError && !data ? (
        <Fault error={report.error} onRetry={() => void report.refetch()} />
      ) : !data ? (
        <Skeleton h="16rem" />
      ) : (
        <>
          <FixityNotice report={data} />
          <dl className={archiveClasses.numbers}>
            {numbers.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {data.faults.length > 0 ? <FaultTable faults={data.faults} /> : null}
          {data.faultCount > data.faults.length ? (
            <Text size="sm" c="dimmed">
              {t('archive.fixity.more', { shown: formatCount(data.faultCount - data.faults.length, language) })}
            </Text>
          ) : null}
        </>
      )}
    </>
  )
}
