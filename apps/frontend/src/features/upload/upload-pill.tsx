import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatDuration } from '../../ui/format.ts'
import { HeaderPill } from '../../ui/header-pill.tsx'
import { percentOf, secondsLeft } from './progress.ts'
import classes from './upload.module.css'
import { useUpload } from './upload-store.ts'

/** The upload in the header, on every page, from its first byte until its list is cleared. */
export function UploadPill() {
  const { t } = useTranslation()
  const upload = useUpload()
  if (upload.files.length === 0) return null
  const { failed } = upload.counts
  if (!upload.isActive) {
    const words = failed > 0 ? t('upload.pillFailed', { count: failed }) : t('upload.pillDone')
    const [Icon, colour] = failed > 0 ? [IconAlertTriangle, classes.bad] : [IconCheck, classes.good]
    return (
      <HeaderPill to="/upload" words={words} icon={<Icon size={16} className={colour} aria-hidden />} more={words} />
    )
  }
  const percent = percentOf(upload)
  const left = secondsLeft(upload)
  return (
    <HeaderPill
      to="/upload"
      words={upload.stopped === 'signed-out' ? t('upload.signedOut') : t('upload.pill', { percent })}
      percent={percent}
      isHalted={upload.stopped !== undefined}
      text={`${percent} %`}
      more={left === undefined ? undefined : <span className={classes.dim}> · {formatDuration(left)}</span>}
    />
  )
}
