import type { Session } from '@instandt/api'
import { NativeSelect } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { setUploadProject, uploadProject } from './upload-target.ts'

/** Which project an upload goes to, where there is a choice; fixed while files are on their way. */
export function ProjectChoice({ session, isFixed }: { session: Session; isFixed: boolean }) {
  const { t } = useTranslation()
  const projects = session.projects.filter((one) => one.permissions.includes('store'))
  const first = session.defaultProject ?? projects[0]?.slug
  const [slug, setSlug] = useState(uploadProject() ?? first)
  if (projects.length < 2) return null
  setUploadProject(slug)
  return (
    <NativeSelect
      label={t('upload.project')}
      disabled={isFixed}
      value={slug}
      data={projects.map((one) => ({ value: one.slug, label: one.name }))}
      onChange={(event) => {
        setUploadProject(event.currentTarget.value)
        setSlug(event.currentTarget.value)
      }}
    />
  )
}
