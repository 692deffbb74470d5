import { instanceUrl, type InstanceSummary, originalUrl, thumbnailUrl } from '@instandt/api'
import { transferSyntax } from '@instandt/dicom'
import { ActionIcon, CopyButton, HoverCard, Tooltip, VisuallyHidden } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCheck,
  IconCopy,
  IconDownload,
  IconFileDownload,
  IconListDetails,
  IconPhoto,
} from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../../api/fault.tsx'
import { instancesQuery } from '../../api/queries.ts'
import { formatBytes, formatCount } from '../../ui/format.ts'
import { LinkIcon } from '../../ui/link-controls.tsx'
import { Thumbnail } from '../../ui/thumbnail.tsx'
import { type GridColumn, VirtualGrid } from '../../ui/virtual-grid.tsx'
import classes from './inspection.module.css'

interface InstancesTableProps {
  study: string
  series: string
  /** As the view counts them. */
  count: number
  selected: string | undefined
  isCompact: boolean
}

/** Images and other objects of one view; a row opens its attributes. */
export function InstancesTable({ study, series, count, selected, isCompact }: InstancesTableProps) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const navigate = useNavigate()
  const pages = useInfiniteQuery(instancesQuery(study, series))
  const instances = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data])
  const { hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = pages

  const openAttributes = ({ sopInstanceUid }: InstanceSummary): void =>
    void navigate({
      to: '/inspections/$study',
      params: { study },
      search: { view: series, attributes: sopInstanceUid },
      resetScroll: false,
    })

  const kind = ({ sopClassName, sopClassUid, warnings }: InstanceSummary) => (
    <span className={classes.kind}>
      <span className={classes.ellipsis} title={sopClassUid}>
        {sopClassName ?? sopClassUid}
      </span>
      <Warnings warnings={warnings} />
    </span>
  )
  const picture = ({ hasImage, sopInstanceUid }: InstanceSummary, size: number) => (
    <Thumbnail src={hasImage ? thumbnailUrl(instanceUrl(study, series, sopInstanceUid)) : undefined} size={size} />
  )
  const pixels = ({ rows, columns }: InstanceSummary): string =>
    rows === null || columns === null ? t('common.none') : `${columns} × ${rows}`
  const actions = (instance: InstanceSummary) => (
    <InstanceActions study={study} series={series} instance={instance} onAttributes={() => openAttributes(instance)} />
  )

  const columns: GridColumn<InstanceSummary>[] = [
    {
      key: 'picture',
      header: <VisuallyHidden>{t('common.picture')}</VisuallyHidden>,
      cell: (instance) => picture(instance, 36),
    },
    {
      key: 'number',
      header: t('inspection.columns.number'),
      align: 'end',
      cell: ({ number }) => number ?? t('common.none'),
    },
    { key: 'kind', header: t('inspection.columns.kind'), cell: kind },
    { key: 'pixels', header: t('inspection.columns.pixels'), align: 'end', cell: pixels },
    {
      key: 'frames',
      header: t('inspection.columns.frames'),
      align: 'end',
      cell: ({ frameCount }) => (frameCount === null ? t('common.none') : formatCount(frameCount, language)),
    },
    {
      key: 'syntax',
      header: t('inspection.columns.syntax'),
      cell: ({ transferSyntaxUid }) => (
        <span title={transferSyntaxUid}>{transferSyntax(transferSyntaxUid)?.name ?? transferSyntaxUid}</span>
      ),
    },
    {
      key: 'size',
      header: t('inspection.columns.size'),
      align: 'end',
      cell: ({ byteSize }) => formatBytes(byteSize, language),
    },
    { key: 'sha256', header: t('inspection.columns.sha256'), cell: ({ sha256 }) => <Hash sha256={sha256} /> },
    { key: 'actions', header: '', align: 'end', cell: actions },
  ]

  if (pages.isError && instances.length === 0) return <Fault error={pages.error} onRetry={() => void pages.refetch()} />
  return (
    <VirtualGrid
      label={t('inspection.table')}
      columns={columns}
      template="2.25rem 2.5rem minmax(10rem, 2fr) 6.5rem 5.25rem minmax(8rem, 1.3fr) 5rem 8.5rem 8rem"
      rows={instances}
      rowKey={({ sopInstanceUid }) => sopInstanceUid}
      rowHeight={44}
      waitingRows={pages.isPending ? Math.min(12, count) : hasNextPage && !isFetchNextPageError ? 3 : 0}
      onNearEnd={hasNextPage && !isFetching ? () => void fetchNextPage() : undefined}
      onOpen={openAttributes}
      isSelected={({ sopInstanceUid }) => sopInstanceUid === selected}
      rowCount={count}
      isCompact={isCompact}
      compactHeight={84}
      compact={(instance) => (
        <div className={classes.instanceCard}>
          {picture(instance, 64)}
          <div className={classes.instanceCardText}>
            <span className={classes.instanceCardTitle}>
              <span className={classes.dim}>{instance.number ?? t('common.none')}</span> {kind(instance)}
            </span>
            <span className={classes.dim}>
              {pixels(instance)} · {formatBytes(instance.byteSize, language)}
              {instance.frameCount !== null && instance.frameCount > 1
                ? ` · ${formatCount(instance.frameCount, language)} ${t('inspection.columns.frames')}`
                : ''}
            </span>
            <span className={classes.dim}>
              {transferSyntax(instance.transferSyntaxUid)?.name ?? instance.transferSyntaxUid}
            </span>
          </div>
          {actions(instance)}
        </div>
      )}
      empty={<p className={classes.nothing}>{t('inspection.noImages')}</p>}
      resetKey={series}
    />
  )
}

function Warnings({ warnings }: { warnings: InstanceSummary['warnings'] }) {
  const { t } = useTranslation()
  if (warnings.length === 0) return null
  const label = t('inspection.warnings', { count: warnings.length })
  return (
    <HoverCard width={340} shadow="md" openDelay={150} withinPortal>
      <HoverCard.Target>
        <button type="button" tabIndex={-1} className={classes.warning} aria-label={label}>
          <IconAlertTriangle size={15} aria-hidden />
          {warnings.length}
        </button>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        <ul className={classes.warningList}>
          {warnings.map(({ code, message }) => (
            <li key={`${code} ${message}`}>{message}</li>
          ))}
        </ul>
      </HoverCard.Dropdown>
    </HoverCard>
  )
}

function Hash({ sha256 }: { sha256: string }) {
  const { t } = useTranslation()
  return (
    <span className={classes.hash}>
      <code title={sha256}>{sha256.slice(0, 10)}…</code>
      <CopyButton value={sha256} timeout={1500}>
        {({ copied, copy }) => (
          <ActionIcon
            size="sm"
            variant="subtle"
            color={copied ? 'signal' : 'gray'}
            tabIndex={-1}
            onClick={copy}
            aria-label={copied ? t('common.copied') : t('inspection.copyHash')}
            title={copied ? t('common.copied') : t('inspection.copyHash')}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
    </span>
  )
}

interface InstanceActionsProps {
  study: string
  series: string
  instance: InstanceSummary
  onAttributes: () => void
}

function InstanceActions({ study, series, instance, onAttributes }: InstanceActionsProps) {
  const { t } = useTranslation()
  const { sopInstanceUid, frameCount, original } = instance
  return (
    <span className={classes.actions}>
      {frameCount === null ? null : (
        <Tooltip label={t('inspection.openView')}>
          <LinkIcon
            to="/inspections/$study/view/$series"
            params={{ study, series }}
            search={{ instance: sopInstanceUid }}
            variant="subtle"
            color="gray"
            tabIndex={-1}
            aria-label={t('inspection.openView')}
          >
            <IconPhoto size={16} />
          </LinkIcon>
        </Tooltip>
      )}
      <Tooltip label={t('inspection.attributes')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          tabIndex={-1}
          onClick={onAttributes}
          aria-label={t('inspection.attributes')}
        >
          <IconListDetails size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('inspection.download')}>
        <ActionIcon
          component="a"
          // By address, not header: the browser saves straight to the disk, whatever the size (PS3.18 8.3.3.1).
          href={`${instanceUrl(study, series, sopInstanceUid)}?accept=application/dicom`}
          download={`${sopInstanceUid}.dcm`}
          variant="subtle"
          color="gray"
          tabIndex={-1}
          aria-label={t('inspection.download')}
        >
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
      {original ? (
        <Tooltip label={t('inspection.original', { name: original.name, format: original.format.toUpperCase() })}>
          <ActionIcon
            component="a"
            href={originalUrl(study, series, sopInstanceUid)}
            download={original.name.split('/').at(-1)}
            variant="subtle"
            color="gray"
            tabIndex={-1}
            aria-label={t('inspection.original', { name: original.name, format: original.format.toUpperCase() })}
          >
            <IconFileDownload size={16} />
          </ActionIcon>
        </Tooltip>
      ) : null}
    </span>
  )
}
