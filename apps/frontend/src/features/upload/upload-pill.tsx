import { RingProgress } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { formatDuration } from '../../ui/format.ts'
import { percentOf, secondsLeft } from './progress.ts'
import classes from './upload.module.css'
import { useUpload } from './upload-store.ts'

/** The upload in the header, on every page, from its first byte until its list is cleared. */
export function UploadPill() {
  const { t } = useTranslation()
  const upload = useUpload()
  if (upload.files.length === 0) return null
  const percent = percentOf(upload)
  const { failed } = upload.counts
  const left = secondsLeft(upload)
  const words = upload.isActive
    ? upload.stopped === 'signed-out'
      ? t('upload.signedOut')
      : t('upload.pill', { percent })
    : failed > 0
      ? t('upload.pillFailed', { count: failed })
      : t('upload.pillDone')
  return (
    <Link to="/upload" className={classes.pill} aria-label={words} title={words}>
      {upload.isActive ? (
        <RingProgress
          size={20}
          thickness={3}
          sections={[{ value: percent, color: upload.stopped === undefined ? 'signal' : 'yellow.6' }]}
          aria-hidden
        />
      ) : failed > 0 ? (
        <IconAlertTriangle size={16} className={classes.bad} aria-hidden />
      ) : (
        <IconCheck size={16} className={classes.good} aria-hidden />
      )}
      <span className={classes.pillText}>
        {upload.isActive ? `${percent} %` : <span className={classes.pillWords}>{words}</span>}
        {upload.isActive && left !== undefined ? <span className={classes.dim}> · {formatDuration(left)}</span> : null}
      </span>
    </Link>
  )
}
