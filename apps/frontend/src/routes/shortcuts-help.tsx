import { Kbd, Modal, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'

interface ShortcutsHelpProps {
  opened: boolean
  onClose: () => void
}

export function ShortcutsHelp({ opened, onClose }: ShortcutsHelpProps) {
  const { t } = useTranslation()
  const session = useQuery(sessionQuery)
  const rows: [string[], string][] = [
    [['/'], t('shortcuts.search')],
    [['u'], t('shortcuts.upload')],
    [['i'], t('shortcuts.home')],
    [['↑', '↓'], t('shortcuts.move')],
    [['PgUp', 'PgDn'], t('shortcuts.pages')],
    [['Home', 'End'], t('shortcuts.ends')],
    [['Enter'], t('shortcuts.open')],
    [['Esc'], t('shortcuts.close')],
    [['?'], t('shortcuts.help')],
  ]
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <Table withRowBorders={false} verticalSpacing={4}>
        <Table.Tbody>
          {rows.map(([keys, meaning]) => (
            <Table.Tr key={meaning}>
              <Table.Td w={{ base: '6.5rem', sm: '9rem' }}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {session.data ? (
        <Text size="xs" c="dimmed" mt="md">
          {t('app.version', { version: session.data.version })}
        </Text>
      ) : null}
    </Modal>
  )
}
