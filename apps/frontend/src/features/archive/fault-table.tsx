import type { FixityFault } from '@instandt/api'
import { Badge, Button, Table, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { fixityQuery } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import pageClasses from '../../ui/page.module.css'

/** Objects whose bytes were not those that were stored. */
export function FaultTable({ faults }: { faults: readonly FixityFault[] }) {
  const { t, i18n } = useTranslation()
  const queries = useQueryClient()
  const again = useSubmit(
    (study: string) => client.proveAny(study),
    () => queries.invalidateQueries(fixityQuery),
  )
  return (
    <>
      <FormFault words={again.fault} />
      <div className={pageClasses.wide}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('archive.fixity.what')}</Table.Th>
              <Table.Th>{t('archive.fixity.project')}</Table.Th>
              <Table.Th>{t('archive.fixity.object')}</Table.Th>
              <Table.Th>{t('archive.fixity.foundAt')}</Table.Th>
              <Table.Th>{t('archive.fixity.seenAt')}</Table.Th>
              <Table.Th aria-label={t('common.actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {faults.map((fault) => (
              <Table.Tr key={fault.blobKey}>
                <Table.Td>
                  <Badge variant="light" color="red" miw="max-content">
                    {t(`archive.fixity.faults.${fault.fault}`)}
                  </Badge>
                  <Text size="xs" c="dimmed">
                    {t(`archive.fixity.places.${fault.place}`)}
                  </Text>
                </Table.Td>
                <Table.Td>{fault.project}</Table.Td>
                <Table.Td>
                  <Text size="xs" ff="monospace">
                    {fault.sopInstanceUid}
                  </Text>
                  <Text size="xs" ff="monospace" c="dimmed" title={fault.expectedSha256}>
                    {fault.blobKey}
                  </Text>
                </Table.Td>
                <Table.Td>{formatInstant(fault.foundAt, i18n.language)}</Table.Td>
                <Table.Td>{formatInstant(fault.seenAt, i18n.language)}</Table.Td>
                <Table.Td ta="right">
                  {fault.place === 'bin' ? null : (
                    <Button
                      size="xs"
                      variant="default"
                      loading={again.isBusy}
                      onClick={() => again.submit(fault.studyInstanceUid)}
                    >
                      {t('archive.fixity.again')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  )
}
