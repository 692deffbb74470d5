import { Button } from '@mantine/core'
import { IconFile, IconFolder } from '@tabler/icons-react'
import { type ReactNode, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { filesOfInput } from './collect-files.ts'
import classes from './upload.module.css'
import { uploadAll } from './upload-store.ts'

/** Two buttons, because browsers let one field choose files or a folder and never both. */
export function ChooseFiles({ size }: { size: 'xs' | 'sm' }) {
  const { t } = useTranslation()
  return (
    <div className={classes.choose}>
      <PickButton
        label={t('upload.chooseFiles')}
        size={size}
        variant="filled"
        icon={<IconFile size={16} aria-hidden />}
      />
      <PickButton
        label={t('upload.chooseFolder')}
        size={size}
        variant="default"
        icon={<IconFolder size={16} aria-hidden />}
        isFolder
      />
    </div>
  )
}

interface PickButtonProps {
  label: string
  size: 'xs' | 'sm'
  variant: 'filled' | 'default'
  icon: ReactNode
  isFolder?: boolean
}

function PickButton({ label, size, variant, icon, isFolder = false }: PickButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button size={size} variant={variant} leftSection={icon} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={label}
        {...(isFolder ? { webkitdirectory: '' } : {})}
        onChange={(event) => {
          const field = event.currentTarget
          if (field.files) void uploadAll([filesOfInput(field.files)])
          // The same choice again must count as a change.
          field.value = ''
        }}
      />
    </>
  )
}
