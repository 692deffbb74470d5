import {
  isAllowed,
  type ProjectRole,
  projectRoles,
  machineRoles,
  projectPermissions,
  type Session,
} from '@instandt/api'
import { Button, Modal, MultiSelect, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { projectsQuery } from '../../api/queries.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { NameField } from '../../ui/name-field.tsx'
import { SecretShown } from '../../ui/secret-shown.tsx'

interface NewTokenDialogProps {
  opened: boolean
  whose: 'own' | 'all'
  session: Session
  onClose: () => void
  onMade: () => void
}

const daysOffered = ['30', '90', '365', '0'] as const

/** A token's name, rights and end; afterwards its secret, this once. */
export function NewTokenDialog({ opened, onClose, ...form }: NewTokenDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('tokens.new')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {opened ? <NewToken {...form} onClose={onClose} /> : null}
    </Modal>
  )
}

function NewToken({ whose, session, onClose, onMade }: Omit<NewTokenDialogProps, 'opened'>) {
  const { t } = useTranslation()
  const projects = useQuery(projectsQuery)
  const [name, setName] = useState('')
  const [role, setRole] = useState<ProjectRole>('sender')
  const [slugs, setSlugs] = useState<string[]>([])
  const [days, setDays] = useState<(typeof daysOffered)[number]>('365')
  const [secret, setSecret] = useState<string>()
  const { isBusy, fault, submit } = useSubmit(async () => {
    const token = { name, role, projects: slugs, expiresInDays: days === '0' ? null : Number(days) }
    const made = await (whose === 'own' ? client.createOwnToken(token) : client.createToken(token))
    setSecret(made.secret)
  }, onMade)
  if (secret !== undefined) {
    return (
      <Stack gap="sm">
        <Text size="sm">{t('tokens.secretDetail')}</Text>
        <SecretShown value={secret} label={t('tokens.secret')} words={[t('common.copy'), t('common.copiedOk')]} />
        <Button onClick={onClose}>{t('common.done')}</Button>
      </Stack>
    )
  }
  // Nobody hands on what they have not got; the administrator hands out machines' roles.
  const offered = whose === 'own' ? projectRoles.filter((one) => fits(one, session)) : machineRoles
  const seen =
    whose === 'own'
      ? session.projects.filter((one) =>
          projectPermissions.every((p) => !isAllowed(role, p) || one.permissions.includes(p)),
        )
      : (projects.data?.items ?? [])
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <NameField label={t('tokens.name')} placeholder={t('tokens.nameHint')} value={name} onChange={setName} />
        <Select
          label={t('tokens.role')}
          data={offered.map((value) => ({ value, label: t(`roles.${value}`) }))}
          value={role}
          allowDeselect={false}
          onChange={(value) => {
            const chosen = projectRoles.find((one) => one === value)
            if (chosen) setRole(chosen)
          }}
        />
        <MultiSelect
          label={t('tokens.projects')}
          data={seen.map((one) => ({ value: one.slug, label: one.name }))}
          value={slugs}
          onChange={setSlugs}
        />
        <Select
          label={t('tokens.days')}
          data={daysOffered.map((value) => ({
            value,
            label: value === '0' ? t('tokens.forever') : t('tokens.daysOf', { count: Number(value) }),
          }))}
          value={days}
          allowDeselect={false}
          onChange={(value) => setDays(daysOffered.find((one) => one === value) ?? '365')}
        />
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={name.trim() === '' || slugs.length === 0}>
          {t('common.create')}
        </Button>
      </Stack>
    </form>
  )
}

const fits = (role: ProjectRole, session: Session): boolean =>
  session.projects.some((one) => projectPermissions.every((p) => !isAllowed(role, p) || one.permissions.includes(p)))
