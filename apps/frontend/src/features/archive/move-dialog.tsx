import type { Session } from '@instandt/api'
import { Select } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshInspections } from '../../api/archive-queries.ts'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { ReasonDialog } from '../../ui/reason-dialog.tsx'

interface MoveDialogProps {
  study: string
  name: string
  /** Where the caller may store, but for where it is. */
  targets: Session['projects']
  opened: boolean
  onClose: () => void
}

/** Into which project, and why. */
export function MoveDialog({ study, name, targets, opened, onClose }: MoveDialogProps) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<string | null>(null)
  // One is no choice.
  const project = chosen ?? (targets.length === 1 ? (targets[0]?.slug ?? null) : null)
  const { isBusy, fault, submit } = useSubmit(
    async (reason: string) => {
      if (project !== null) await client.moveInspection(study, { project, reason })
    },
    async () => {
      onClose()
      setChosen(null)
      await refreshInspections()
    },
  )
  return (
    <ReasonDialog
      opened={opened}
      title={t('archive.move.title', { name })}
      detail={t('archive.move.detail')}
      yes={t('archive.move.yes')}
      isBusy={isBusy}
      isReady={project !== null}
      fault={fault}
      onSubmit={submit}
      onClose={onClose}
    >
      <Select
        label={t('archive.move.project')}
        data={targets.map((one) => ({ value: one.slug, label: one.name }))}
        value={project}
        allowDeselect={false}
        searchable={targets.length > 8}
        data-autofocus
        onChange={setChosen}
      />
    </ReasonDialog>
  )
}
