import { IconPhoto, IconPhotoOff } from '@tabler/icons-react'
import { useState } from 'react'
import classes from './thumbnail.module.css'

interface ThumbnailProps {
  /** Undefined: there is no picture of this. */
  src: string | undefined
  /** Edge of its box in pixels: fixed, so that nothing moves when the picture comes. */
  size: number
}

/** A small picture beside words that say what it shows, loaded when it comes near the screen. */
export function Thumbnail({ src, size }: ThumbnailProps) {
  const [failed, setFailed] = useState<string>()
  const [loaded, setLoaded] = useState<string>()
  const isShown = src !== undefined && src !== failed
  const icon = Math.round(size * 0.45)
  return (
    <span className={classes.box} style={{ width: size, height: size }} data-testid="thumbnail">
      {isShown ? (
        <img
          className={classes.picture}
          src={src}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          decoding="async"
          draggable={false}
          data-loaded={loaded === src || undefined}
          onLoad={() => setLoaded(src)}
          onError={() => setFailed(src)}
        />
      ) : null}
      {loaded === src && isShown ? null : isShown ? (
        <IconPhoto size={icon} stroke={1.2} aria-hidden className={classes.waiting} />
      ) : (
        <IconPhotoOff size={icon} stroke={1.2} aria-hidden />
      )}
    </span>
  )
}
