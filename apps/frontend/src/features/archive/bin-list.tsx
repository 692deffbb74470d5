import type { Deletion, Session } from '@instandt/api'
import { Badge, Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshInspections } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatBytes, formatCount, formatInstant } from '../../ui/format.ts'
import pageClasses from '../../ui/page.module.css'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'
import classes from './archive.module.css'

/** What lies in the bin, newest first: whose it was, why it went, until when there is a way back. */
export function BinList({ items, session }: { items: readonly Deletion[]; session: Session }) {
  const { t } = useTranslation()
  const [purging, setPurging] = useState<Deletion>()
  const purge = useSubmit(
    async (reason: string) => {
      if (purging) await client.purge(purging.id, reason)
    },
    async () => {
      setPurging(undefined)
      await refreshInspections()
    },
  )
  const nameOf = ({ componentName, componentNumber }: Deletion): string =>
    componentName ?? componentNumber ?? t('search.unnamed')
  return (
    <>
      <ul className={pageClasses.list}>
        {items.map((deletion) => (
          <BinRow
            key={deletion.id}
            deletion={deletion}
            name={nameOf(deletion)}
            mayRestore={
              session.projects.find(({ slug }) => slug === deletion.projectSlug)?.permissions.includes('delete') ??
              false
            }
            onPurge={session.permissions.includes('manage-archive') ? () => setPurging(deletion) : undefined}
          />
        ))}
      </ul>
      <ReasonDialog
        opened={purging !== undefined}
        title={purging ? t('archive.purge.title', { name: nameOf(purging) }) : ''}
        detail={t('archive.purge.detail')}
        yes={t('archive.purge.yes')}
        isDangerous
        isBusy={purge.isBusy}
        fault={purge.fault}
        onSubmit={purge.submit}
        onClose={() => setPurging(undefined)}
      />
    </>
  )
}

interface BinRowProps {
  deletion: Deletion
  name: string
  mayRestore: boolean
  onPurge: (() => void) | undefined
}

function BinRow({ deletion, name, mayRestore, onPurge }: BinRowProps) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const { id, level, reason, actorName, deletedAt, purgeAt, state, fault, instanceCount, byteSize, projectSlug } =
    deletion
  const restore = useRestore(id, name)
  const isPurging = state === 'purging'
  return (
    <li className={pageClasses.row}>
      <div className={classes.binText}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {name}
          </Text>
          <Badge size="sm">{t(`archive.bin.levels.${level}`)}</Badge>
        </Group>
        <Text size="xs" c="dimmed">
          {[
            deletion.componentName === null ? null : deletion.componentNumber,
            deletion.orderNumber,
            projectSlug,
            t('inspection.images', { count: instanceCount, shown: formatCount(instanceCount, language) }),
            formatBytes(byteSize, language),
          ]
            .filter(Boolean)
            .join(' · ')}
        </Text>
        <Text size="sm">
          <q>{reason}</q>
        </Text>
        <Text size="xs" c="dimmed">
          {t('archive.bin.deleted', { who: actorName, at: formatInstant(deletedAt, language) })}
          {' · '}
          {isPurging ? t('archive.bin.purging') : t('archive.bin.until', { at: formatInstant(purgeAt, language) })}
        </Text>
        {fault === null ? null : (
          <Text size="xs" c="yellow">
            {t('archive.bin.fault')} {fault}
          </Text>
        )}
        <FormFault words={restore.fault} />
      </div>
      <Group gap="xs">
        {mayRestore && !isPurging ? (
          <Button variant="default" size="xs" loading={restore.isBusy} onClick={() => restore.submit()}>
            {t('archive.bin.restore')}
          </Button>
        ) : null}
        {onPurge && !isPurging ? (
          <Button variant="subtle" color="red" size="xs" onClick={onPurge}>
            {t('archive.bin.purge')}
          </Button>
        ) : null}
      </Group>
    </li>
  )
}

/** Back to where it was, with the way there. */
function useRestore(deletion: string, name: string) {
  const { t, i18n } = useTranslation()
  const navigate = useNavigate()
  return useSubmit(async () => {
    const { studyInstanceUid, restored, alreadyStored, differs } = await client.restore(deletion)
    const shown = formatCount(restored, i18n.language)
    notifications.show({
      title: t('archive.restored.title', { name }),
      message: (
        <>
          <Text size="sm">{t('archive.restored.detail', { count: restored, shown })}</Text>
          {alreadyStored > 0 ? (
            <Text size="sm">
              {t('archive.restored.already', {
                count: alreadyStored,
                shown: formatCount(alreadyStored, i18n.language),
              })}
            </Text>
          ) : null}
          {differs ? (
            <Text size="sm" c="yellow">
              {t('archive.restored.differs')}
            </Text>
          ) : null}
          <Button
            mt="xs"
            size="xs"
            variant="default"
            onClick={() => void navigate({ to: '/inspections/$study', params: { study: studyInstanceUid } })}
          >
            {t('common.open')}
          </Button>
        </>
      ),
      autoClose: differs ? false : 15_000,
      withBorder: true,
      closeButtonProps: { 'aria-label': t('app.close') },
    })
    await refreshInspections()
  })
}
