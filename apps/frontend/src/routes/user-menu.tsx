import { ActionIcon, Menu, Text } from '@mantine/core'
import { IconLogout, IconSettings, IconUserCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { administrationPages } from './administration-pages.ts'

/** Who is signed in, and the way out. */
export function UserMenu() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const session = useQuery(sessionQuery)
  const out = useSubmit(async () => {
    const { redirect } = await client.signOut()
    queryClient.clear()
    if (redirect === null) await navigate({ to: '/sign-in' })
    else globalThis.location.assign(redirect)
  })
  const { data } = session
  if (!data) return null
  const [first] = administrationPages(data)
  const role = data.user.isAdministrator
    ? t('roles.administrator')
    : data.projects.length === 1 && data.projects[0]
      ? t(`roles.${data.projects[0].role}`)
      : ''
  return (
    <Menu position="bottom-end" withinPortal width={220}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t('app.account', { name: data.user.name })}
          title={data.user.name}
        >
          <IconUserCircle size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div style={{ padding: '0.375rem 0.75rem 0.5rem' }}>
          <Text size="sm" fw={600} truncate>
            {data.user.name}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {role || data.user.email}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item component={Link} to="/profile" leftSection={<IconUserCircle size={16} />}>
          {t('app.profile')}
        </Menu.Item>
        {first ? (
          <Menu.Item component={Link} to={first.to} leftSection={<IconSettings size={16} />}>
            {t('app.administration')}
          </Menu.Item>
        ) : null}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} disabled={out.isBusy} onClick={() => out.submit()}>
          {t('app.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
