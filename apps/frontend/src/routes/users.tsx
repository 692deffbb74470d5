import type { LinkCreated, User } from '@instandt/api'
import { ActionIcon, Badge, Button, Menu, Modal, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { usersQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { InviteDialog } from '../features/admin/invite-dialog.tsx'
import { OpenInvitations } from '../features/admin/open-invitations.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { FormFault } from '../ui/form-fault.tsx'
import { formatInstant } from '../ui/format.ts'
import classes from '../ui/page.module.css'
import { SecretShown } from '../ui/secret-shown.tsx'

/** Accounts, what they may do, and invitations. */
export function UsersPage() {
  const { t } = useTranslation()
  const users = useQuery(usersQuery)
  const [isInviting, setIsInviting] = useState(false)
  const [blocking, setBlocking] = useState<User>()
  const [link, setLink] = useState<LinkCreated & { name: string }>()
  const act = useSubmit<() => Promise<unknown>>(
    (work) => work(),
    () => queryClient.invalidateQueries(usersQuery),
  )
  return (
    <>
      <title>{`${t('admin.users')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <Title order={2}>{t('admin.users')}</Title>
        <Button onClick={() => setIsInviting(true)}>{t('admin.user.invite')}</Button>
      </div>
      <FormFault words={act.fault} />
      {users.isError ? (
        <Fault error={users.error} onRetry={() => void users.refetch()} />
      ) : users.isPending ? (
        <Skeleton h="16rem" />
      ) : (
        <UserTable
          users={users.data.items}
          onBlock={setBlocking}
          onAct={act.submit}
          onReset={(user) =>
            act.submit(async () => setLink({ ...(await client.createPasswordReset(user.id)), name: user.name }))
          }
        />
      )}
      <OpenInvitations />
      <InviteDialog opened={isInviting} onClose={() => setIsInviting(false)} />
      <LinkDialog link={link} onClose={() => setLink(undefined)} />
      <ConfirmDialog
        question={blocking && t('admin.user.confirmBlock', { name: blocking.name })}
        yes={t('admin.user.block')}
        no={t('common.cancel')}
        onYes={() => {
          if (blocking) act.submit(() => client.changeUser(blocking.id, { isBlocked: true }))
          setBlocking(undefined)
        }}
        onClose={() => setBlocking(undefined)}
      />
    </>
  )
}

interface UserTableProps {
  users: readonly User[]
  onAct: (work: () => Promise<unknown>) => void
  onBlock: (user: User) => void
  onReset: (user: User) => void
}

function UserTable({ users, ...actions }: UserTableProps) {
  const { t, i18n } = useTranslation()
  return (
    <div className={classes.wide}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('admin.user.name')}</Table.Th>
            <Table.Th>{t('admin.user.memberships')}</Table.Th>
            <Table.Th>{t('admin.user.factor')}</Table.Th>
            <Table.Th>{t('admin.user.lastSeen')}</Table.Th>
            <Table.Th>{t('admin.user.state')}</Table.Th>
            <Table.Th aria-label={t('common.actions')} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <Table.Tr key={user.id}>
              <Table.Td>
                <Text size="sm" fw={500}>
                  {user.name}
                </Text>
                <Text size="xs" c="dimmed">
                  {user.email ?? ''} · {t(`admin.user.kinds.${user.kind}`)}
                </Text>
              </Table.Td>
              <Table.Td>
                {user.isAdministrator ? <Badge mr={4}>{t('roles.administrator')}</Badge> : null}
                {user.memberships.map(({ project, role }) => (
                  <Text key={project} size="xs">
                    {project}: {t(`roles.${role}`)}
                  </Text>
                ))}
              </Table.Td>
              <Table.Td>{user.hasSecondFactor ? t('admin.user.yes') : t('admin.user.no')}</Table.Td>
              <Table.Td>
                {user.lastSeenAt === null ? t('common.never') : formatInstant(user.lastSeenAt, i18n.language)}
              </Table.Td>
              <Table.Td>
                {user.isBlocked ? (
                  <Badge variant="light" color="red">
                    {t('admin.user.blocked')}
                  </Badge>
                ) : (
                  t('admin.user.active')
                )}
              </Table.Td>
              <Table.Td>
                <UserActions user={user} {...actions} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function UserActions({ user, onAct, onBlock, onReset }: Omit<UserTableProps, 'users'> & { user: User }) {
  const { t } = useTranslation()
  const isLocal = user.kind === 'local'
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('admin.user.menu', { name: user.name })}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isLocal ? (
          <>
            <Menu.Item
              onClick={() => onAct(() => client.changeUser(user.id, { isAdministrator: !user.isAdministrator }))}
            >
              {user.isAdministrator ? t('admin.user.takeAdministrator') : t('admin.user.makeAdministrator')}
            </Menu.Item>
            <Menu.Item onClick={() => onReset(user)}>{t('admin.user.reset')}</Menu.Item>
            <Menu.Item
              disabled={!user.hasSecondFactor}
              onClick={() => onAct(() => client.removeSecondFactorOf(user.id))}
            >
              {t('admin.user.removeFactor')}
            </Menu.Item>
          </>
        ) : null}
        <Menu.Item onClick={() => onAct(() => client.endSessionsOf(user.id))}>{t('admin.user.signOut')}</Menu.Item>
        <Menu.Divider />
        {user.isBlocked ? (
          <Menu.Item onClick={() => onAct(() => client.changeUser(user.id, { isBlocked: false }))}>
            {t('admin.user.unblock')}
          </Menu.Item>
        ) : (
          <Menu.Item color="red" onClick={() => onBlock(user)}>
            {t('admin.user.block')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}

function LinkDialog({ link, onClose }: { link: (LinkCreated & { name: string }) | undefined; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  return (
    <Modal
      opened={link !== undefined}
      onClose={onClose}
      title={t('admin.user.linkTitle', { name: link?.name })}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {link ? (
        <Stack gap="sm">
          <Text size="sm">
            {t('admin.user.linkDetail', { when: formatInstant(link.expiresAt, i18n.language) })}{' '}
            {link.isMailed ? t('admin.user.linkMailed') : ''}
          </Text>
          <SecretShown
            value={link.link}
            label={t('admin.user.reset')}
            words={[t('common.copy'), t('common.copiedOk')]}
          />
        </Stack>
      ) : null}
    </Modal>
  )
}
