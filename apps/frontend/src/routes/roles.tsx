import { installationPermissions, isAllowed, projectPermissions, roles } from '@instandt/api'
import { Table, Text, Title, VisuallyHidden } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import classes from '../ui/page.module.css'

const permissions = [...projectPermissions, ...installationPermissions]

/** The table of permissions as the server holds it. */
export function RolesPage() {
  const { t } = useTranslation()
  return (
    <>
      <title>{`${t('roles.title')} – ${t('app.name')}`}</title>
      <Title order={2}>{t('roles.title')}</Title>
      <Text size="sm" c="dimmed" maw="44rem" mb="md">
        {t('roles.detail')}
      </Text>
      <div className={`${classes.wide} ${classes.matrix}`}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('roles.permission')}</Table.Th>
              {roles.map((role) => (
                <Table.Th key={role} ta="center">
                  {t(`roles.${role}`)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {permissions.map((permission) => (
              <Table.Tr key={permission}>
                <Table.Th scope="row" fw={500}>
                  {t(`roles.permissions.${permission}`)}
                </Table.Th>
                {roles.map((role) => (
                  <Table.Td key={role} ta="center">
                    {isAllowed(role, permission) ? (
                      <>
                        <IconCheck size={18} aria-hidden color="var(--mantine-primary-color-filled)" />
                        <VisuallyHidden>{t('roles.allowed')}</VisuallyHidden>
                      </>
                    ) : (
                      <>
                        <Text span c="dimmed" aria-hidden>
                          –
                        </Text>
                        <VisuallyHidden>{t('roles.notAllowed')}</VisuallyHidden>
                      </>
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  )
}
