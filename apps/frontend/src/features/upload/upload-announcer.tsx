import { VisuallyHidden } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { UploadSnapshot } from './snapshot.ts'
import { spokenWords } from './status-words.ts'

/** Between two announcements of mere progress. */
const quietMs = 20_000

/** Tells a screen reader how the upload stands: at once when it begins, stops or ends, else three times a minute. */
export function UploadAnnouncer({ upload }: { upload: UploadSnapshot }) {
  const { t, i18n } = useTranslation()
  const words = spokenWords(t, upload, i18n.language)
  const stage = [upload.isActive, upload.stopped, upload.isActive && upload.retryIn !== undefined].join()
  const [said, setSaid] = useState('')
  const last = useRef({ stage: '', at: 0 })
  useEffect(() => {
    const now = Date.now()
    const wait = stage === last.current.stage ? Math.max(0, last.current.at + quietMs - now) : 0
    const timer = setTimeout(() => {
      last.current = { stage, at: Date.now() }
      setSaid(words)
    }, wait)
    return () => clearTimeout(timer)
  }, [words, stage])
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {said}
    </VisuallyHidden>
  )
}
