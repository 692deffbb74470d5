import { Button, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Fault } from '../../api/fault.tsx'
import { invitationsQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import { PageSection } from '../../ui/page-section.tsx'
import classes from '../../ui/page.module.css'

/** Who was invited and has not come yet. */
export function OpenInvitations() {
  const { t, i18n } = useTranslation()
  const invitations = useQuery(invitationsQuery)
  const { isBusy, fault, submit } = useSubmit<string>(
    (id) => client.withdrawInvitation(id),
    () => queryClient.invalidateQueries(invitationsQuery),
  )
  return (
    <PageSection title={t('admin.invite.open')}>
      {invitations.isError ? (
        <Fault error={invitations.error} onRetry={() => void invitations.refetch()} />
      ) : invitations.isPending ? (
        <Skeleton h="3rem" />
      ) : invitations.data.items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('admin.invite.none')}
        </Text>
      ) : (
        <ul className={classes.list}>
          {invitations.data.items.map((one) => (
            <li key={one.id} className={classes.row}>
              <div>
                <Text size="sm" fw={500}>
                  {one.email}
                </Text>
                <Text size="xs" c="dimmed">
                  {[
                    ...(one.isAdministrator ? [t('roles.administrator')] : []),
                    ...one.memberships.map(({ project, role }) => `${project}: ${t(`roles.${role}`)}`),
                    t('admin.invite.by', { name: one.invitedBy, when: formatInstant(one.expiresAt, i18n.language) }),
                  ].join(' · ')}
                </Text>
              </div>
              <Button size="xs" variant="default" loading={isBusy} onClick={() => submit(one.id)}>
                {t('admin.invite.withdraw')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <FormFault words={fault} />
    </PageSection>
  )
}
