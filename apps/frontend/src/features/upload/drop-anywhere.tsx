import { IconUpload } from '@tabler/icons-react'
import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { filesOfDrop } from './collect-files.ts'
import classes from './upload.module.css'
import { uploadAll } from './upload-store.ts'

const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true

/** Takes files and folders dropped on any page. */
export function DropAnywhere({ onDropped }: { onDropped: () => void }) {
  const { t } = useTranslation()
  const [isOver, setIsOver] = useState(false)
  const take = useEffectEvent((transfer: DataTransfer) => {
    void uploadAll(filesOfDrop(transfer))
    onDropped()
  })

  useEffect(() => {
    const listening = new AbortController()
    const { signal } = listening
    // Moving onto a child first enters it and then leaves the parent: only the sum says whether files hover.
    let depth = 0
    const settle = (next: number): void => {
      depth = next
      setIsOver(depth > 0)
    }
    const on = (name: 'dragenter' | 'dragover' | 'dragleave' | 'drop', handle: (event: DragEvent) => void): void =>
      window.addEventListener(name, (event) => void (holdsFiles(event) && handle(event)), { signal })
    on('dragenter', (event) => {
      event.preventDefault()
      settle(depth + 1)
    })
    // Without it the browser would open the file in place of the app.
    on('dragover', (event) => event.preventDefault())
    on('dragleave', () => settle(Math.max(0, depth - 1)))
    on('drop', (event) => {
      event.preventDefault()
      settle(0)
      if (event.dataTransfer) take(event.dataTransfer)
    })
    return () => listening.abort()
  }, [])

  if (!isOver) return null
  return (
    <div className={classes.overlay} aria-hidden>
      <div className={classes.overlayText}>
        <IconUpload size={40} stroke={1.4} />
        {t('upload.dropAnywhere')}
      </div>
    </div>
  )
}
