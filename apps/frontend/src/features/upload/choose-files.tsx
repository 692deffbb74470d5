import { IconFile, IconFolder } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { PickFiles } from '../../ui/pick-files.tsx'
import { filesOfInput } from './collect-files.ts'
import { pickWithHandles } from './file-handles.ts'
import classes from './upload.module.css'
import { uploadAll } from './upload-store.ts'

async function pickAndUpload(): Promise<boolean> {
  const found = await pickWithHandles()
  if (found && found.length > 0) void uploadAll([found])
  return found !== undefined
}

/** Two buttons, because browsers let one field choose files or a folder and never both. */
export function ChooseFiles({ size }: { size: 'xs' | 'sm' }) {
  const { t } = useTranslation()
  const upload = (files: Iterable<File>): void => void uploadAll([filesOfInput(files)])
  const [files, folder] = [t('upload.chooseFiles'), t('upload.chooseFolder')]
  return (
    <div className={classes.choose}>
      <PickFiles
        label={files}
        size={size}
        variant="filled"
        icon={<IconFile size={16} aria-hidden />}
        pick={pickAndUpload}
        onPicked={upload}
      >
        {files}
      </PickFiles>
      <PickFiles
        label={folder}
        size={size}
        variant="default"
        icon={<IconFolder size={16} aria-hidden />}
        isFolder
        onPicked={upload}
      >
        {folder}
      </PickFiles>
    </div>
  )
}
