import { machineRoles, type Member, personRoles, projectRoles } from '@instandt/api'
import { Anchor, Button, Group, Select, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { membersQuery, projectsQuery, sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { RenameProject } from '../features/admin/rename-project.tsx'
import { WebhookSection } from '../features/webhook/webhook-section.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { FormFault } from '../ui/form-fault.tsx'
import classes from '../ui/page.module.css'

const route = getRouteApi('/inside/manage/administration/projects/$project')

/** One project's members and their roles. */
export function ProjectPage() {
  const { t } = useTranslation()
  const { project: slug } = route.useParams()
  const members = useQuery(membersQuery(slug))
  const projects = useQuery(projectsQuery)
  const session = useQuery(sessionQuery)
  const [removing, setRemoving] = useState<Member>()
  const act = useSubmit<() => Promise<unknown>>(
    (work) => work(),
    () =>
      Promise.all([
        queryClient.invalidateQueries(membersQuery(slug)),
        queryClient.invalidateQueries(projectsQuery),
        queryClient.invalidateQueries(sessionQuery),
      ]),
  )
  const project = projects.data?.items.find((one) => one.slug === slug)
  return (
    <>
      <title>{`${project?.name ?? slug} – ${t('app.name')}`}</title>
      <Anchor component={Link} to="/administration/projects" size="sm">
        {t('admin.project.back')}
      </Anchor>
      <div className={classes.top}>
        <Title order={2}>{project?.name ?? slug}</Title>
        {project && session.data?.permissions.includes('manage-projects') ? <RenameProject project={project} /> : null}
      </div>
      <FormFault words={act.fault} />
      {members.isError ? (
        <Fault error={members.error} onRetry={() => void members.refetch()} />
      ) : members.isPending ? (
        <Skeleton h="12rem" />
      ) : (
        <>
          <AddMember
            candidates={members.data.candidates}
            isBusy={act.isBusy}
            onAdd={(userId, role) => act.submit(() => client.setMember(slug, userId, role))}
          />
          {members.data.items.length === 0 ? <Text c="dimmed">{t('admin.project.noMembers')}</Text> : null}
          <ul className={classes.list}>
            {members.data.items.map((member) => (
              <li key={member.userId} className={classes.row}>
                <div>
                  <Text size="sm" fw={500}>
                    {member.name}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {member.email ?? t(`admin.user.kinds.${member.kind}`)}
                    {member.isFromDirectory ? ` · ${t('admin.project.fromDirectory')}` : ''}
                  </Text>
                </div>
                <Group gap="xs">
                  <Select
                    aria-label={`${t('admin.invite.role')}: ${member.name}`}
                    w="14rem"
                    data={(member.kind === 'entra-app' ? machineRoles : personRoles).map((value) => ({
                      value,
                      label: t(`roles.${value}`),
                    }))}
                    value={member.role}
                    allowDeselect={false}
                    disabled={member.isFromDirectory || act.isBusy}
                    onChange={(value) => {
                      const role = projectRoles.find((one) => one === value)
                      if (role) act.submit(() => client.setMember(slug, member.userId, role))
                    }}
                  />
                  <Button
                    variant="default"
                    disabled={member.isFromDirectory || act.isBusy}
                    onClick={() => setRemoving(member)}
                  >
                    {t('common.remove')}
                  </Button>
                </Group>
              </li>
            ))}
          </ul>
        </>
      )}
      <WebhookSection project={slug} />
      <ConfirmDialog
        question={removing && t('admin.project.removeConfirm', { name: removing.name })}
        yes={t('common.remove')}
        no={t('common.cancel')}
        onYes={() => {
          if (removing) act.submit(() => client.removeMember(slug, removing.userId))
          setRemoving(undefined)
        }}
        onClose={() => setRemoving(undefined)}
      />
    </>
  )
}

interface AddMemberProps {
  candidates: readonly { userId: string; name: string; email: string | null }[]
  isBusy: boolean
  onAdd: (userId: string, role: (typeof personRoles)[number]) => void
}

function AddMember({ candidates, isBusy, onAdd }: AddMemberProps) {
  const { t } = useTranslation()
  const [userId, setUserId] = useState<string | null>(null)
  const [role, setRole] = useState<(typeof personRoles)[number]>('level-ii')
  return (
    <Group align="end" mb="md">
      <Select
        label={t('admin.project.person')}
        placeholder={candidates.length === 0 ? t('admin.project.nobody') : undefined}
        disabled={candidates.length === 0}
        searchable
        w="18rem"
        data={candidates.map((one) => ({
          value: one.userId,
          label: one.email === null ? one.name : `${one.name} (${one.email})`,
        }))}
        value={userId}
        onChange={setUserId}
      />
      <Select
        label={t('admin.invite.role')}
        w="14rem"
        data={personRoles.map((value) => ({ value, label: t(`roles.${value}`) }))}
        value={role}
        allowDeselect={false}
        onChange={(value) => setRole(personRoles.find((one) => one === value) ?? 'viewer')}
      />
      <Button
        disabled={userId === null}
        loading={isBusy}
        onClick={() => {
          if (userId !== null) onAdd(userId, role)
          setUserId(null)
        }}
      >
        {t('admin.project.addMember')}
      </Button>
    </Group>
  )
}
