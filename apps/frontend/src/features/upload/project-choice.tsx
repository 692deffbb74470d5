import type { Session } from '@instandt/api'
import { NativeSelect } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { chooseUploadProject, storableProjects, useUploadProject } from './upload-target.ts'

/** Which project an upload goes to, where there is a choice; fixed while files are on their way. */
export function ProjectChoice({ session, isFixed }: { session: Session; isFixed: boolean }) {
  const { t } = useTranslation()
  const slug = useUploadProject()
  const projects = storableProjects(session)
  if (projects.length < 2) return null
  return (
    <NativeSelect
      label={t('upload.project')}
      disabled={isFixed}
      value={slug}
      data={projects.map((one) => ({ value: one.slug, label: one.name }))}
      onChange={(event) => chooseUploadProject(session, event.currentTarget.value)}
    />
  )
}
