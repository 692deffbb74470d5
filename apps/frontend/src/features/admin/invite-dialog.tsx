import { type LinkCreated, personRoles } from '@instandt/api'
import { ActionIcon, Button, Group, Modal, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { invitationsQuery, projectsQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import { SecretShown } from '../../ui/secret-shown.tsx'

type PersonRole = (typeof personRoles)[number]
interface Row {
  project: string
  role: PersonRole
}

/** Who is invited and to what; afterwards the link to hand over. */
export function InviteDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('admin.invite.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {opened ? <Invite onClose={onClose} /> : null}
    </Modal>
  )
}

function Invite({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const projects = useQuery(projectsQuery)
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [isAdministrator, setIsAdministrator] = useState(false)
  const [rows, setRows] = useState<Row[]>([])
  const [made, setMade] = useState<LinkCreated>()
  const { isBusy, fault, submit } = useSubmit(
    async () =>
      setMade(
        await client.invite({
          email,
          ...(name.trim() === '' ? {} : { name }),
          isAdministrator,
          memberships: rows.filter((row) => row.project !== ''),
        }),
      ),
    () => queryClient.invalidateQueries(invitationsQuery),
  )
  if (made) {
    return (
      <Stack gap="sm">
        <Text size="sm">
          {t('admin.user.linkDetail', { when: formatInstant(made.expiresAt, i18n.language) })}{' '}
          {made.isMailed ? t('admin.user.linkMailed') : ''}
        </Text>
        <SecretShown
          value={made.link}
          label={t('admin.user.linkTitle', { name: email })}
          words={[t('common.copy'), t('common.copiedOk')]}
        />
        <Button onClick={onClose}>{t('common.done')}</Button>
      </Stack>
    )
  }
  const change = (index: number, part: Partial<Row>): void =>
    setRows(rows.map((row, at) => (at === index ? { ...row, ...part } : row)))
  const free = (projects.data?.items ?? []).filter(({ slug }) => !rows.some((row) => row.project === slug))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t('admin.user.email')}
          type="email"
          data-autofocus
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <TextInput
          label={t('admin.user.name')}
          value={name}
          maxLength={120}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {rows.map((row, index) => (
          <Group key={row.project || index} align="end" wrap="nowrap" gap="xs">
            <Select
              flex={1}
              label={t('admin.invite.project')}
              data={[...(projects.data?.items ?? [])]
                .filter(({ slug }) => slug === row.project || free.some((one) => one.slug === slug))
                .map((one) => ({ value: one.slug, label: one.name }))}
              value={row.project}
              allowDeselect={false}
              onChange={(value) => change(index, { project: value ?? '' })}
            />
            <Select
              flex={1}
              label={t('admin.invite.role')}
              data={personRoles.map((value) => ({ value, label: t(`roles.${value}`) }))}
              value={row.role}
              allowDeselect={false}
              onChange={(value) => change(index, { role: personRoles.find((one) => one === value) ?? 'viewer' })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t('admin.invite.remove')}
              onClick={() => setRows(rows.filter((_, at) => at !== index))}
            >
              <IconX size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Group justify="space-between">
          <Button
            variant="default"
            size="xs"
            disabled={free.length === 0}
            onClick={() => setRows([...rows, { project: free[0]?.slug ?? '', role: 'level-ii' }])}
          >
            {t('admin.invite.add')}
          </Button>
          <Switch
            label={t('admin.invite.administrator')}
            checked={isAdministrator}
            onChange={(event) => setIsAdministrator(event.currentTarget.checked)}
          />
        </Group>
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy}>
          {t('admin.invite.submit')}
        </Button>
      </Stack>
    </form>
  )
}
