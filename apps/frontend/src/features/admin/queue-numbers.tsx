import { queueCountCap, type RenditionQueue } from '@instandt/api'
import { Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatCount, formatDuration } from '../../ui/format.ts'
import classes from './queue.module.css'

/** Minutes behind `finishedRecently`. */
const recentSeconds = 600

/** What waits, what is being made, how long it will take. */
export function QueueNumbers({ queue }: { queue: RenditionQueue }) {
  const { t, i18n } = useTranslation()
  const shown = (count: number): string => `${count >= queueCountCap ? '> ' : ''}${formatCount(count, i18n.language)}`
  const numbers = [
    ['thumbnails', queue.thumbnails],
    ['renditions', queue.renditions],
    ['finished', queue.finishedRecently],
    ['failedCount', queue.failed],
  ] as const
  return (
    <>
      <dl className={classes.numbers}>
        {numbers.map(([name, count]) => (
          <div key={name}>
            <dt>{t(`renditionQueue.${name}`)}</dt>
            <dd>{shown(count)}</dd>
          </div>
        ))}
      </dl>
      <Text size="sm" mb="sm" aria-live="polite">
        {stateOf()}
      </Text>
      {queue.working.length > 0 ? (
        <ul className={classes.working} aria-label={t('renditionQueue.working')}>
          {queue.working.map(({ sopInstanceUid, framesDone, frameCount }) => (
            <li key={sopInstanceUid}>
              <Text size="xs" className={classes.uid}>
                {sopInstanceUid}
              </Text>
              <Text size="xs" c="dimmed">
                {frameCount === null
                  ? t('renditionQueue.reading')
                  : t('renditionQueue.frames', { done: framesDone, count: frameCount })}
              </Text>
              <Progress
                value={frameCount ? (100 * framesDone) / frameCount : 0}
                aria-label={sopInstanceUid}
                className={classes.progress}
              />
            </li>
          ))}
        </ul>
      ) : null}
    </>
  )

  function stateOf(): string {
    const { thumbnails, renditions, finishedRecently } = queue
    if (thumbnails + renditions === 0) return t('renditionQueue.idle')
    if (finishedRecently === 0) return queue.working.length > 0 ? t('renditionQueue.begun') : t('renditionQueue.stands')
    if (Math.max(thumbnails, renditions) >= queueCountCap) return t('renditionQueue.long')
    const left = ((thumbnails + renditions) * recentSeconds) / finishedRecently
    return t('renditionQueue.left', { time: formatDuration(left) })
  }
}
