import { changeKinds, type ChangeKind } from '@instandt/api'
import { Button, Checkbox, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { SecretShown } from '../../ui/secret-shown.tsx'

interface NewWebhookDialogProps {
  opened: boolean
  project: string
  onClose: () => void
  onMade: () => void
}

/** Where to tell, and what; afterwards the secret, this once. */
export function NewWebhookDialog({ opened, onClose, ...form }: NewWebhookDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('webhooks.new')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {opened ? <NewWebhook {...form} onClose={onClose} /> : null}
    </Modal>
  )
}

function NewWebhook({ project, onClose, onMade }: Omit<NewWebhookDialogProps, 'opened'>) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [kinds, setKinds] = useState<ChangeKind[]>([...changeKinds])
  const [secret, setSecret] = useState<string>()
  const { isBusy, fault, submit } = useSubmit(async () => {
    const made = await client.createWebhook(project, { name, url, kinds })
    setSecret(made.secret)
  }, onMade)
  if (secret !== undefined) {
    return (
      <Stack gap="sm">
        <Text size="sm">{t('webhooks.secretDetail')}</Text>
        <SecretShown value={secret} label={t('webhooks.secret')} words={[t('common.copy'), t('common.copiedOk')]} />
        <Button onClick={onClose}>{t('common.done')}</Button>
      </Stack>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t('webhooks.name')}
          data-autofocus
          required
          withAsterisk={false}
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label={t('webhooks.url')}
          type="url"
          placeholder={t('webhooks.urlHint')}
          required
          withAsterisk={false}
          maxLength={2000}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Checkbox.Group
          label={t('webhooks.what')}
          value={kinds}
          onChange={(chosen) => setKinds(changeKinds.filter((kind) => chosen.includes(kind)))}
        >
          <Stack gap={6} mt={6}>
            {changeKinds.map((kind) => (
              <Checkbox key={kind} size="xs" value={kind} label={t(`webhooks.kinds.${kind}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={name.trim() === '' || url === '' || kinds.length === 0}>
          {t('common.create')}
        </Button>
      </Stack>
    </form>
  )
}
