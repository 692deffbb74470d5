import { Button } from '@mantine/core'
import { type ReactNode, useRef } from 'react'

interface PickFilesProps {
  /** On the button. */
  children: string
  /** Of the field behind it. */
  label: string
  icon?: ReactNode
  variant: 'filled' | 'default'
  size?: 'xs' | 'sm' | 'compact-xs'
  /** No more than one. */
  isSingle?: boolean
  isFolder?: boolean
  isDisabled?: boolean
  /** Endings that the browser offers; all without it. */
  accept?: string | undefined
  /** Another way to choose, tried first, which takes care of what is chosen; false when this browser has none. */
  pick?: () => Promise<boolean>
  onPicked: (files: Iterable<File>) => void
}

/** A button for the browser's own choice of files, or of a folder. */
export function PickFiles(props: PickFilesProps) {
  const { children, label, icon, variant, size, isDisabled = false, accept, pick, onPicked } = props
  const { isSingle = false, isFolder = false } = props
  const input = useRef<HTMLInputElement>(null)
  const choose = async (): Promise<void> => {
    if ((await pick?.()) !== true) input.current?.click()
  }
  return (
    <>
      <Button
        {...(size === undefined ? {} : { size })}
        variant={variant}
        leftSection={icon}
        disabled={isDisabled}
        onClick={() => void choose()}
      >
        {children}
      </Button>
      <input
        ref={input}
        type="file"
        multiple={!isSingle}
        hidden
        aria-label={label}
        {...(isFolder ? { webkitdirectory: '' } : {})}
        {...(accept === undefined ? {} : { accept })}
        onChange={(event) => {
          const field = event.currentTarget
          if (field.files) onPicked(field.files)
          // The same choice again must count as a change.
          field.value = ''
        }}
      />
    </>
  )
}
