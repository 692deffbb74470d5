import type { Deletion } from '@instandt/api'
import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useTranslation } from 'react-i18next'
import { refreshInspections } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { formatCount, formatInstant } from '../../ui/format.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'

/** The whole inspection, one view, or one image of it. */
export interface ToDelete {
  level: Deletion['level']
  series?: string
  instances?: string[]
  /** As the dialog calls it. */
  name: string
  count: number
}

interface DeleteDialogProps {
  study: string
  /** Undefined = closed. */
  what: ToDelete | undefined
  onClose: () => void
  /** Before anything is asked for again: the page may be of something that is gone. */
  onDeleted: (what: ToDelete) => Promise<unknown>
}

const undoMs = 20_000

/** Says what goes, and asks why; afterwards there is a way back, here at once and in the bin for longer. */
export function DeleteDialog({ study, what, onClose, onDeleted }: DeleteDialogProps) {
  const { t, i18n } = useTranslation()
  const offerUndo = ({ id, purgeAt }: Deletion): void => {
    notifications.show({
      id,
      title: t('archive.deleted.title', { name: what?.name ?? '' }),
      message: <Undo deletion={id} until={formatInstant(purgeAt, i18n.language)} />,
      autoClose: undoMs,
      withBorder: true,
      closeButtonProps: { 'aria-label': t('app.close') },
    })
  }
  const { isBusy, fault, submit } = useSubmit(async (reason: string) => {
    if (!what) return
    const { series, instances } = what
    const deletion = await client.deleteImages(study, { reason, series, instances })
    onClose()
    offerUndo(deletion)
    await onDeleted(what)
    await refreshInspections()
  })

  return (
    <ReasonDialog
      opened={what !== undefined}
      title={what ? t(`archive.delete.${what.level}`, { name: what.name }) : ''}
      detail={t('archive.delete.detail', {
        count: what?.count ?? 0,
        shown: formatCount(what?.count ?? 0, i18n.language),
      })}
      yes={t('archive.delete.yes')}
      isDangerous
      isBusy={isBusy}
      fault={fault}
      onSubmit={submit}
      onClose={onClose}
    />
  )
}

function Undo({ deletion, until }: { deletion: string; until: string }) {
  const { t } = useTranslation()
  const { isBusy, fault, submit } = useSubmit(
    () => client.restore(deletion),
    async () => {
      notifications.hide(deletion)
      await refreshInspections()
    },
  )
  return (
    <>
      <Text size="sm">{t('archive.deleted.detail', { until })}</Text>
      {fault === undefined ? null : (
        <Text size="sm" c="red" role="alert">
          {fault}
        </Text>
      )}
      <Group mt="xs">
        <Button size="xs" variant="default" loading={isBusy} onClick={() => submit()}>
          {t('archive.deleted.undo')}
        </Button>
      </Group>
    </>
  )
}
