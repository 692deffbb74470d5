import { framesUrl } from '@instandt/api'
import { Button, Group, Loader } from '@mantine/core'
import { IconPhotoOff } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../../ui/format.ts'
import { type FrameAddress, maxFrameBytes, type ScreenImageMissing } from './engine/index.ts'
import classes from './viewer.module.css'

interface LargeImageProps {
  fault: ScreenImageMissing
  address: FrameAddress
  onWhole: () => void
  /** What else can be done with the file. */
  children: ReactNode
}

/** Instead of an image that would fill the memory: a small picture of it from the server, and what is to be expected. */
export function LargeImage({ fault, address, onWhole, children }: LargeImageProps) {
  const { t, i18n } = useTranslation()
  const { isComing, bytes } = fault
  const { study, series, instance, frame } = address
  const [preview, setPreview] = useState<'coming' | 'here' | 'none'>('coming')
  const memory = formatBytes(4 * bytes, i18n.language)
  return (
    <div className={classes.fault} aria-live="polite" data-testid="viewer-fault">
      <div className={classes.preview} data-state={preview}>
        {preview === 'none' ? (
          <IconPhotoOff size={34} stroke={1.4} aria-hidden />
        ) : (
          <img
            src={`${framesUrl(study, series, instance, [frame])}/rendered?viewport=1024,1024`}
            alt={t('viewer.large.preview')}
            onLoad={() => setPreview('here')}
            onError={() => setPreview('none')}
          />
        )}
        {preview === 'coming' ? <Loader size="sm" aria-label={t('viewer.loadingImage')} /> : null}
      </div>
      <h2>{t(isComing ? 'viewer.large.waitingTitle' : 'viewer.fault.largeTitle')}</h2>
      <p>{t(isComing ? 'viewer.large.waiting' : 'viewer.large.none')}</p>
      <Group gap="xs" justify="center" mt="sm">
        {bytes <= maxFrameBytes ? (
          <Button variant="default" onClick={onWhole}>
            {t('viewer.large.whole', { memory })}
          </Button>
        ) : null}
        {children}
      </Group>
    </div>
  )
}
