import { changeKinds, type ChangeKind, type Webhook } from '@instandt/api'
import { Button, Checkbox, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FormFault } from '../../ui/form-fault.tsx'
import { NameField } from '../../ui/name-field.tsx'

export type WebhookValues = Pick<Webhook, 'name' | 'url' | 'kinds'>

interface WebhookFormProps {
  /** What stands in the form at first. */
  values: WebhookValues
  /** Of the button. */
  words: string
  isBusy: boolean
  fault: string | undefined
  onSubmit: (values: WebhookValues) => void
}

/** Whom to tell, and what. */
export function WebhookForm({ values, words, isBusy, fault, onSubmit }: WebhookFormProps) {
  const { t } = useTranslation()
  const [name, setName] = useState(values.name)
  const [url, setUrl] = useState(values.url)
  const [kinds, setKinds] = useState<ChangeKind[]>(values.kinds)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit({ name, url, kinds })
      }}
    >
      <Stack gap="sm">
        <NameField label={t('webhooks.name')} value={name} onChange={setName} />
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
          {words}
        </Button>
      </Stack>
    </form>
  )
}
