import { Button, Progress } from '@mantine/core'
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatBytes, formatCount, formatDuration } from '../../ui/format.ts'
import { percentOf, secondsLeft } from './progress.ts'
import { ReceiptMenu } from './receipt-menu.tsx'
import type { UploadSnapshot } from './snapshot.ts'
import { statusWords } from './status-words.ts'
import classes from './upload.module.css'
import { UploadAnnouncer } from './upload-announcer.tsx'
import { cancelUpload, clearUpload, pauseUpload, resumeUpload, retryFailed } from './upload-store.ts'

/** The whole upload: how far, how fast, how long, and what can be done about it. */
export function UploadProgress({ upload }: { upload: UploadSnapshot }) {
  const { t, i18n } = useTranslation()
  const { counts, bytes, isActive, stopped } = upload
  const percent = percentOf(upload)
  const left = secondsLeft(upload)
  const count = (value: number): string => formatCount(value, i18n.language)
  const details = [
    t('upload.filesOf', { done: count(counts.done), total: count(counts.toSend) }),
    t('upload.bytesOf', {
      done: formatBytes(bytes.sent, i18n.language),
      total: formatBytes(bytes.total, i18n.language),
    }),
    counts.present > 0 ? t('upload.presentCount', { count: counts.present, shown: count(counts.present) }) : undefined,
    bytes.perSecond > 0 ? t('upload.rate', { rate: formatBytes(bytes.perSecond, i18n.language) }) : undefined,
    isActive && left !== undefined ? t('upload.left', { time: formatDuration(left) }) : undefined,
  ]
  return (
    <section className={classes.progress} aria-label={t('upload.progress')}>
      <UploadAnnouncer upload={upload} />
      <div className={classes.progressHead}>
        <div className={classes.progressWords}>
          <div className={classes.status}>
            {statusWords(t, upload)} <span className={classes.percent}>{percent} %</span>
          </div>
          <div className={classes.details}>{details.filter(Boolean).join(' · ')}</div>
        </div>
        <div className={classes.actions}>
          {isActive ? (
            <>
              {stopped === 'signed-out' ? (
                <Button size="xs" component="a" href="/sign-in?to=/upload" target="_blank" rel="opener">
                  {t('upload.signIn')}
                </Button>
              ) : (
                <PauseButton isPaused={stopped === 'paused'} />
              )}
              <Button size="xs" variant="default" onClick={cancelUpload}>
                {t('upload.cancel')}
              </Button>
            </>
          ) : null}
          {!isActive && counts.retryable > 0 ? (
            <Button size="xs" onClick={retryFailed}>
              {t('upload.retryFailed', { count: counts.retryable })}
            </Button>
          ) : null}
          {!isActive && !upload.isCollecting ? (
            <>
              <ReceiptMenu files={upload.files} />
              <Button size="xs" variant="subtle" color="gray" onClick={clearUpload}>
                {t('upload.clear')}
              </Button>
            </>
          ) : null}
        </div>
      </div>
      <Progress
        value={percent}
        size="sm"
        color={(!isActive && counts.failed > 0) || stopped !== undefined ? 'yellow.6' : 'signal'}
        aria-label={t('upload.progress')}
        transitionDuration={150}
      />
    </section>
  )
}

/** One button that stays where it is, so that the focus does too. */
function PauseButton({ isPaused }: { isPaused: boolean }) {
  const { t } = useTranslation()
  const Icon = isPaused ? IconPlayerPlay : IconPlayerPause
  return (
    <Button
      size="xs"
      variant={isPaused ? 'filled' : 'default'}
      leftSection={<Icon size={16} aria-hidden />}
      onClick={isPaused ? resumeUpload : pauseUpload}
    >
      {t(isPaused ? 'upload.resume' : 'upload.pause')}
    </Button>
  )
}
