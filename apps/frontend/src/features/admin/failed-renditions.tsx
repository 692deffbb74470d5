import type { FailedRenditionPage } from '@instandt/api'
import { Anchor, Table } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../../api/queries.ts'
import { formatInstant } from '../../ui/format.ts'
import classes from '../../ui/page.module.css'

/** Instances of which something could not be made; a way to the inspection for those who may see it. */
export function FailedRenditions({ items }: { items: FailedRenditionPage['items'] }) {
  const { t, i18n } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  const seen = new Set(session?.projects.filter((one) => one.permissions.includes('read')).map(({ slug }) => slug))
  return (
    <div className={classes.wide}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('renditionQueue.when')}</Table.Th>
            <Table.Th>{t('renditionQueue.project')}</Table.Th>
            <Table.Th>{t('renditionQueue.reason')}</Table.Th>
            <Table.Th>{t('renditionQueue.made')}</Table.Th>
            <Table.Th>{t('renditionQueue.image')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={item.sopInstanceUid}>
              <Table.Td>{formatInstant(item.finishedAt, i18n.language)}</Table.Td>
              <Table.Td>{item.project}</Table.Td>
              <Table.Td>{item.reason}</Table.Td>
              <Table.Td>
                {item.frameCount === null
                  ? ''
                  : t('renditionQueue.frames', { done: item.framesMade, count: item.frameCount })}
              </Table.Td>
              <Table.Td>
                {seen.has(item.project) ? (
                  <Anchor component={Link} to={`/inspections/${item.studyInstanceUid}`} size="sm">
                    {item.sopInstanceUid}
                  </Anchor>
                ) : (
                  item.sopInstanceUid
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
