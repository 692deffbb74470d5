import type { TFunction } from 'i18next'
import { formatCount } from '../../ui/format.ts'
import type { UploadSnapshot } from './snapshot.ts'

/** What the upload as a whole is doing, in a few words. */
export function statusWords(t: TFunction, upload: UploadSnapshot): string {
  const { stopped, isActive, isFull, retryIn, counts } = upload
  if (stopped === 'signed-out') return t('upload.signedOut')
  if (stopped === 'paused') return t('upload.paused')
  if (isActive && isFull) return t('upload.refusal.full')
  if (isActive && retryIn !== undefined) return t('upload.waiting', { seconds: retryIn })
  if (isActive) return counts.onTheWay === 0 && counts.reading > 0 ? t('upload.checking') : t('upload.running')
  return counts.cancelled > 0 ? t('upload.cancelled') : t('upload.done')
}

/** For those who cannot see it: without what changes every second. */
export function spokenWords(t: TFunction, upload: UploadSnapshot, language: string): string {
  const { isActive, stopped, isFull, retryIn, counts } = upload
  const status =
    isActive && stopped === undefined && !isFull && retryIn !== undefined
      ? t('upload.waitingSpoken')
      : statusWords(t, upload)
  const files = t('upload.filesOf', {
    done: formatCount(counts.done, language),
    total: formatCount(counts.toSend, language),
  })
  const failed = counts.failed > 0 ? t('upload.pillFailed', { count: counts.failed }) : ''
  return [status, files, failed].filter(Boolean).join('. ')
}
