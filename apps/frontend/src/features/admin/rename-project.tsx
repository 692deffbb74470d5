import type { Project } from '@instandt/api'
import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { projectsQuery, sessionQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'

/** Another name for a project; its short name in addresses stays. */
export function RenameProject({ project }: { project: Project }) {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const [name, setName] = useState(project.name)
  const { isBusy, fault, submit } = useSubmit(
    () => client.renameProject(project.slug, name),
    async () => {
      setIsOpen(false)
      await Promise.all([queryClient.invalidateQueries(projectsQuery), queryClient.invalidateQueries(sessionQuery)])
    },
  )
  return (
    <>
      <Button variant="default" onClick={() => setIsOpen(true)}>
        {t('admin.project.rename')}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setIsOpen(false)}
        title={t('admin.project.rename')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          <Stack gap="sm">
            <TextInput
              label={t('admin.project.name')}
              data-autofocus
              maxLength={120}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <FormFault words={fault} />
            <Button type="submit" loading={isBusy} disabled={name.trim() === ''}>
              {t('common.save')}
            </Button>
          </Stack>
        </form>
      </Modal>
    </>
  )
}
