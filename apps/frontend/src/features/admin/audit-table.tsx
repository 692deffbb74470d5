import type { AuditAction, AuditEvent } from '@instandt/api'
import { ActionIcon, Badge, Code, Table, Text, Tooltip, VisuallyHidden } from '@mantine/core'
import { IconChevronDown, IconChevronRight, IconLink, IconLinkOff } from '@tabler/icons-react'
import { Fragment, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatInstant } from '../../ui/format.ts'
import classes from '../../ui/page.module.css'

type Underscored<Text extends string> = Text extends `${infer Head}.${infer Tail}` ? `${Head}_${Tail}` : Text

/** Events newest first; each opens to show all that was kept. */
export function AuditTable({ events }: { events: readonly AuditEvent[] }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<number>()
  return (
    <div className={classes.wide}>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="2rem" aria-label={t('common.actions')} />
            <Table.Th>{t('audit.when')}</Table.Th>
            <Table.Th>{t('audit.who')}</Table.Th>
            <Table.Th>{t('audit.what')}</Table.Th>
            <Table.Th>{t('audit.on')}</Table.Th>
            <Table.Th>{t('audit.where')}</Table.Th>
            <Table.Th>{t('audit.result')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {events.map((event) => (
            <Fragment key={event.id}>
              <EventRow
                event={event}
                isOpen={open === event.id}
                onToggle={() => setOpen(open === event.id ? undefined : event.id)}
              />
              {open === event.id ? <EventDetail event={event} /> : null}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function EventRow({ event, isOpen, onToggle }: { event: AuditEvent; isOpen: boolean; onToggle: () => void }) {
  const { t, i18n } = useTranslation()
  const action = event.action.replace('.', '_') as Underscored<AuditAction>
  const isOfImages = event.action.startsWith('image.')
  return (
    <Table.Tr>
      <Table.Td>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-expanded={isOpen}
          aria-label={t('audit.details', { id: event.id })}
          onClick={onToggle}
        >
          {isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        </ActionIcon>
      </Table.Td>
      <Table.Td>{formatInstant(event.at, i18n.language)}</Table.Td>
      <Table.Td>{event.actorName || (event.actorKind === 'system' ? t('audit.system') : t('audit.nobody'))}</Table.Td>
      <Table.Td>{t(`audit.actions.${action}`)}</Table.Td>
      <Table.Td maw="18rem">
        <Text size="sm" truncate title={event.component ?? event.target}>
          {event.component ?? (event.target || event.studyInstanceUid || '–')}
          {isOfImages && event.count > 1 ? `, ${t('audit.count', { count: event.count })}` : ''}
        </Text>
      </Table.Td>
      <Table.Td>{event.address || '–'}</Table.Td>
      <Table.Td>
        {event.result === 'done' ? (
          t('audit.results.done')
        ) : (
          <Badge variant="light" color="red">
            {t(`audit.results.${event.result}`)}
          </Badge>
        )}{' '}
        <Seal seq={event.sealedAs} />
      </Table.Td>
    </Table.Tr>
  )
}

function Seal({ seq }: { seq: number | null }) {
  const { t } = useTranslation()
  const words = seq === null ? t('audit.notSealed') : t('audit.sealed', { seq })
  return (
    <Tooltip label={words}>
      <span>
        {seq === null ? (
          <IconLinkOff size={14} aria-hidden color="var(--mantine-color-dimmed)" />
        ) : (
          <IconLink size={14} aria-hidden color="var(--mantine-color-dimmed)" />
        )}
        <VisuallyHidden>{words}</VisuallyHidden>
      </span>
    </Tooltip>
  )
}

function EventDetail({ event }: { event: AuditEvent }) {
  const { component: _component, ...rest } = event
  return (
    <Table.Tr>
      <Table.Td colSpan={7}>
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {JSON.stringify(rest, null, 2)}
        </Code>
      </Table.Td>
    </Table.Tr>
  )
}
