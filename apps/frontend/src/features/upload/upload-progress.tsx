import { Button, Progress } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts'
import { percentOf, secondsLeft } from './progress.ts'
import classes from './upload.module.css'
import { cancelUpload, clearUpload, retryFailed, type UploadSnapshot } from './upload-store.ts'

/** The whole upload: how far, how fast, how long, and what can be done about it. */
export function UploadProgress({ upload }: { upload: UploadSnapshot }) {
  const { t, i18n } = useTranslation()
  const { counts, bytes, isActive } = upload
  const percent = percentOf(upload)
  const left = secondsLeft(upload)
  const status =
    upload.retryIn !== undefined
      ? t('upload.waiting', { seconds: upload.retryIn })
      : isActive
        ? t('upload.running')
        : counts.cancelled > 0
          ? t('upload.cancelled')
          : t('upload.done')
  const details = [
    t('upload.filesOf', {
      done: formatCount(counts.done, i18n.language),
      total: formatCount(counts.toSend, i18n.language),
    }),
    t('upload.bytesOf', {
      done: formatBytes(bytes.sent, i18n.language),
      total: formatBytes(bytes.total, i18n.language),
    }),
    bytes.perSecond > 0 ? t('upload.rate', { rate: formatBytes(bytes.perSecond, i18n.language) }) : undefined,
    isActive && left !== undefined ? t('upload.left', { time: formatDuration(left) }) : undefined,
  ]
  return (
    <section className={classes.progress} aria-label={t('upload.progress')}>
      <div className={classes.progressHead}>
        <div>
          <output className={classes.status}>
            {status} <span className={classes.percent}>{percent} %</span>
          </output>
          <div className={classes.details}>{details.filter(Boolean).join(' · ')}</div>
        </div>
        <div className={classes.actions}>
          {isActive ? (
            <Button size="xs" variant="default" onClick={cancelUpload}>
              {t('upload.cancel')}
            </Button>
          ) : null}
          {!isActive && counts.retryable > 0 ? (
            <Button size="xs" onClick={retryFailed}>
              {t('upload.retryFailed', { count: counts.retryable })}
            </Button>
          ) : null}
          {!isActive && !upload.isCollecting ? (
            <Button size="xs" variant="subtle" color="gray" onClick={clearUpload}>
              {t('upload.clear')}
            </Button>
          ) : null}
        </div>
      </div>
      <Progress
        value={percent}
        size="sm"
        color={!isActive && counts.failed > 0 ? 'yellow.6' : 'signal'}
        aria-label={t('upload.progress')}
        transitionDuration={150}
      />
    </section>
  )
}
