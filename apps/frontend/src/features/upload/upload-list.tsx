import { SegmentedControl } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconAlertTriangle, IconBan, IconCheck, IconChecks, IconClock, IconMinus, IconX } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatCount } from '../../ui/format.ts'
import { type GridColumn, VirtualGrid } from '../../ui/virtual-grid.tsx'
import { reasonWords } from './reason-words.ts'
import classes from './upload.module.css'
import { type FileState, isStored, isWaiting, type UploadFile } from './upload-file.ts'
import type { UploadSnapshot } from './snapshot.ts'

type Filter = 'all' | 'failed' | 'stored' | 'skipped'

const filters: Record<Filter, (state: FileState) => boolean> = {
  all: () => true,
  failed: (state) => !isStored(state) && !isWaiting(state) && state !== 'skipped',
  stored: isStored,
  skipped: (state) => state === 'skipped',
}

/** Every file with its outcome and, when it was not stored, why. */
export function UploadList({ upload }: { upload: UploadSnapshot }) {
  const { t, i18n } = useTranslation()
  const [filter, setFilter] = useState<Filter>('all')
  const isCompact = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
  const { counts } = upload
  const rows = useMemo(() => upload.files.filter(({ state }) => filters[filter](state)), [upload, filter])

  const count = (value: number): string => formatCount(value, i18n.language)
  const columns: GridColumn<UploadFile>[] = [
    {
      key: 'file',
      header: t('upload.file'),
      cell: ({ path }) => <FilePath path={path} />,
    },
    {
      key: 'size',
      header: t('upload.size'),
      align: 'end',
      cell: ({ size }) => <span className={classes.dim}>{formatBytes(size, i18n.language)}</span>,
    },
    { key: 'result', header: t('upload.result'), cell: (file) => <FileResult file={file} /> },
    { key: 'link', header: '', align: 'end', cell: (file) => <InspectionLink file={file} /> },
  ]

  return (
    <div className={classes.list}>
      <div className={classes.filter}>
        <SegmentedControl
          size="xs"
          value={filter}
          onChange={(value) => setFilter(value as Filter)}
          data={[
            { value: 'all', label: `${t('upload.showAll')} ${count(upload.files.length)}` },
            { value: 'failed', label: `${t('upload.showFailed')} ${count(counts.failed)}` },
            { value: 'stored', label: `${t('upload.showStored')} ${count(counts.stored)}` },
            { value: 'skipped', label: `${t('upload.showSkipped')} ${count(counts.skipped)}` },
          ]}
        />
      </div>
      <VirtualGrid
        label={t('upload.table')}
        columns={columns}
        template="minmax(12rem, 1fr) 5.5rem minmax(12rem, 2.6fr) 9.5rem"
        rows={rows}
        rowKey={({ id }) => String(id)}
        rowHeight={34}
        compactHeight={100}
        isCompact={isCompact}
        compact={(file) => (
          <div className={classes.compact}>
            <div className={classes.compactLine}>
              <FilePath path={file.path} />
              <span className={classes.dim}>{formatBytes(file.size, i18n.language)}</span>
            </div>
            <div className={classes.compactLine}>
              <FileResult file={file} />
              <InspectionLink file={file} />
            </div>
          </div>
        )}
        resetKey={filter}
        empty={<p className={classes.nothing}>{t('upload.nothingHere')}</p>}
      />
    </div>
  )
}

/** The name matters more than its folders: those give way when it gets narrow. */
function FilePath({ path }: { path: string }) {
  const cut = path.lastIndexOf('/') + 1
  return (
    <span className={classes.path} title={path}>
      <span className={classes.folder}>{path.slice(0, cut)}</span>
      <span className={classes.name}>{path.slice(cut)}</span>
    </span>
  )
}

const icons = {
  reading: [IconClock, 'dim'],
  queued: [IconClock, 'dim'],
  sending: [IconClock, 'dim'],
  processing: [IconClock, 'dim'],
  stored: [IconCheck, 'good'],
  present: [IconChecks, 'good'],
  warned: [IconCheck, 'warned'],
  refused: [IconBan, 'bad'],
  failed: [IconAlertTriangle, 'bad'],
  cancelled: [IconX, 'dim'],
  skipped: [IconMinus, 'dim'],
} as const satisfies Record<FileState, readonly [typeof IconCheck, string]>

function FileResult({ file }: { file: UploadFile }) {
  const { t } = useTranslation()
  const [Icon, tone] = icons[file.state]
  const reason = reasonWords(t, file)
  const share = shareOf(file)
  return (
    <span className={classes.result} title={reason || undefined}>
      <Icon size={15} className={classes[tone]} aria-hidden />
      <span className={classes.resultText}>
        {t(`upload.state.${file.state}`)}
        {share === undefined ? null : <span className={classes.dim}> {Math.floor(share * 100)} %</span>}
        {reason ? <span className={classes.dim}> – {reason}</span> : null}
      </span>
      {share === undefined ? null : (
        <span className={classes.bar} aria-hidden>
          <span style={{ transform: `scaleX(${share})` }} />
        </span>
      )}
    </span>
  )
}

/** How far it is with what it is at; undefined when that says nothing. */
function shareOf({ state, size, sent, read }: UploadFile): number | undefined {
  if (size === 0) return undefined
  if (state === 'sending') return sent / size
  return state === 'reading' && read > 0 ? Math.min(1, read / size) : undefined
}

function InspectionLink({ file }: { file: UploadFile }) {
  const { t } = useTranslation()
  if (file.studyInstanceUid === undefined) return null
  return (
    <Link to="/inspections/$study" params={{ study: file.studyInstanceUid }} className={classes.link}>
      {t('upload.openInspection')}
    </Link>
  )
}
