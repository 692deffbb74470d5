import { Anchor, Button, Progress, Text } from '@mantine/core'
import { IconFile } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../ui/format.ts'
import { PickFiles } from '../../ui/pick-files.tsx'
import { conversion } from './conversion-store.ts'
import type { Conversion } from './conversion-work.ts'
import type { ConvertRow } from './convert-queue.ts'
import classes from './conversion.module.css'

/** The chosen files and what has become of each. */
export function FileRows({ state: { rows, isBusy, isCancelling } }: { state: Conversion }) {
  const { t, i18n } = useTranslation()
  return (
    <ul className={classes.rows} aria-label={t('convert.files')}>
      {rows.map((row) => (
        <li key={row.id} className={classes.row}>
          <span className={classes.name} title={row.file.webkitRelativePath || row.file.name}>
            {row.file.name}
          </span>
          <Text span size="sm" c="dimmed" className={classes.size}>
            {formatBytes(row.file.size, i18n.language)}
          </Text>
          <span className={classes.state}>
            <RowWords row={row} isTooLate={isCancelling} />
            {isBusy ? null : <RowButtons row={row} />}
          </span>
          <Progress
            className={classes.bar}
            data-waiting={row.state === 'waiting' || undefined}
            size={3}
            value={row.state === 'stored' ? 100 : row.share * 100}
            color={row.state === 'refused' || row.state === 'failed' ? 'red' : 'signal'}
            aria-label={`${t(`convert.states.${row.state}`)}: ${row.file.name}`}
          />
        </li>
      ))}
    </ul>
  )
}

/** What was not converted may have been said of another component: it is not sent again before somebody wants it. */
function RowButtons({ row }: { row: ConvertRow }) {
  const { t } = useTranslation()
  if (row.state === 'stored') return null
  const button = (words: string, onClick: () => void) => (
    <Button size="compact-xs" variant="subtle" color="gray" aria-label={`${words}: ${row.file.name}`} onClick={onClick}>
      {words}
    </Button>
  )
  return (
    <span className={classes.buttons}>
      {row.state === 'waiting' ? null : button(t('convert.again'), () => conversion().tryAgain(row.id))}
      {button(t('common.remove'), () => conversion().removeRow(row.id))}
    </span>
  )
}

function RowWords({ row, isTooLate }: { row: ConvertRow; isTooLate: boolean }) {
  const { t } = useTranslation()
  const words = isTooLate && row.state === 'converting' ? t('convert.tooLate') : t(`convert.states.${row.state}`)
  const reason = row.fault ? t(`upload.refusal.${row.fault}`) : row.reason
  if (row.state === 'stored' && row.studyInstanceUid !== undefined) {
    return (
      <Text span size="sm">
        {t('convert.made', { count: row.objectCount ?? 1 })}{' '}
        <Anchor component={Link} to={`/inspections/${row.studyInstanceUid}`} size="sm">
          {t('upload.openInspection')}
        </Anchor>
      </Text>
    )
  }
  const isBad = row.state === 'refused' || row.state === 'failed'
  return (
    <Text span size="sm" {...(isBad ? { c: 'red' } : { c: 'dimmed' })}>
      {reason === undefined ? words : `${words}: ${reason}`}
    </Text>
  )
}

/** What is offered by the file chooser; raw files may be called anything. */
const acceptedFiles = '.tif,.tiff,.btf,.png,.jpg,.jpeg,.pdf'

interface ChooseProps {
  isRaw: boolean
  isDisabled: boolean
  onChosen: (files: File[]) => void
}

export function ChooseConvertFiles({ isRaw, isDisabled, onChosen }: ChooseProps) {
  const { t } = useTranslation()
  return (
    <PickFiles
      label={t('convert.files')}
      icon={<IconFile size={16} aria-hidden />}
      variant="default"
      isDisabled={isDisabled}
      accept={isRaw ? undefined : acceptedFiles}
      onPicked={(files) => onChosen([...files])}
    >
      {t('upload.chooseFiles')}
    </PickFiles>
  )
}
