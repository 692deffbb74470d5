import { Anchor, Button, Modal, Skeleton, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { projectsQuery, sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { FormFault } from '../ui/form-fault.tsx'
import { formatCount } from '../ui/format.ts'
import { NameField } from '../ui/name-field.tsx'
import classes from '../ui/page.module.css'

/** Projects whose members this caller looks after. */
export function ProjectsPage() {
  const { t, i18n } = useTranslation()
  const session = useQuery(sessionQuery)
  const projects = useQuery(projectsQuery)
  const [isNew, setIsNew] = useState(false)
  const isManager = session.data?.permissions.includes('manage-projects') ?? false
  const own = new Set(
    session.data?.projects.filter((one) => one.permissions.includes('manage-members')).map((one) => one.slug),
  )
  const items = projects.data?.items.filter(({ slug }) => isManager || own.has(slug)) ?? []
  return (
    <>
      <title>{`${t('admin.projects')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <Title order={2}>{t('admin.projects')}</Title>
        {isManager ? <Button onClick={() => setIsNew(true)}>{t('admin.project.new')}</Button> : null}
      </div>
      {projects.isError ? (
        <Fault error={projects.error} onRetry={() => void projects.refetch()} />
      ) : projects.isPending ? (
        <Skeleton h="10rem" />
      ) : items.length === 0 ? (
        <Text c="dimmed">{t('admin.project.empty')}</Text>
      ) : (
        <div className={classes.wide}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('admin.project.name')}</Table.Th>
                <Table.Th>{t('admin.project.slug')}</Table.Th>
                <Table.Th ta="right">{t('admin.project.members')}</Table.Th>
                <Table.Th ta="right">{t('admin.project.inspections')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((project) => (
                <Table.Tr key={project.slug}>
                  <Table.Td>
                    <Anchor component={Link} to={`/administration/projects/${project.slug}`} size="sm" fw={500}>
                      {project.name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>{project.slug}</Table.Td>
                  <Table.Td ta="right">{formatCount(project.memberCount, i18n.language)}</Table.Td>
                  <Table.Td ta="right">{formatCount(project.inspectionCount, i18n.language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <Modal
        opened={isNew}
        onClose={() => setIsNew(false)}
        title={t('admin.project.new')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {isNew ? <NewProject onDone={() => setIsNew(false)} /> : null}
      </Modal>
    </>
  )
}

/** `Weld shop 2` → `weld-shop-2`. */
const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)

function NewProject({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [slug, setSlug] = useState<string>()
  const shown = slug ?? slugOf(name)
  const { isBusy, fault, submit } = useSubmit(
    () => client.createProject({ name, slug: shown }),
    async () => {
      await queryClient.invalidateQueries(projectsQuery)
      onDone()
    },
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <NameField label={t('admin.project.name')} value={name} onChange={setName} />
        <TextInput
          label={t('admin.project.slug')}
          description={t('admin.project.slugHint')}
          inputWrapperOrder={['label', 'input', 'description']}
          required
          withAsterisk={false}
          maxLength={63}
          value={shown}
          onChange={(event) => setSlug(event.currentTarget.value)}
        />
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={name.trim() === '' || shown === ''}>
          {t('common.create')}
        </Button>
      </Stack>
    </form>
  )
}
