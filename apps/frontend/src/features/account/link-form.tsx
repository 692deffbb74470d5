import type { LinkAnswer } from '@instandt/api'
import { Button, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { focusNow } from '../../ui/focus-now.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { isNewPasswordReady, type NewPassword, noPassword, PasswordFields } from './password-fields.tsx'

export interface LinkFormValues {
  name: string
  email: string
  password: string
}

interface LinkFormProps {
  title: string
  detail: string
  submitLabel: string
  /** Which fields besides the password. */
  fields: readonly ('name' | 'email')[]
  link: LinkAnswer
  isBusy: boolean
  fault: string | undefined
  code: string | undefined
  onSubmit: (values: LinkFormValues) => void
}

/** What a one-time link asks for: always a password, sometimes who it is. */
export function LinkForm({ title, detail, submitLabel, fields, link, isBusy, fault, code, onSubmit }: LinkFormProps) {
  const { t } = useTranslation()
  const [name, setName] = useState(link.name ?? '')
  const [email, setEmail] = useState(link.email ?? '')
  const [password, setPassword] = useState<NewPassword>(noPassword)
  const isReady = isNewPasswordReady(password) && (!fields.includes('name') || name.trim() !== '')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) onSubmit({ name, email, password: password.password })
      }}
    >
      <Stack gap="sm">
        <Title order={1}>{title}</Title>
        <Text size="sm" c="dimmed">
          {detail}
        </Text>
        {fields.includes('name') ? (
          <TextInput
            label={t('links.name')}
            autoComplete="name"
            required
            withAsterisk={false}
            ref={focusNow}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        ) : null}
        {fields.includes('email') ? (
          <TextInput
            label={t('signIn.email')}
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
        ) : null}
        <PasswordFields
          value={password}
          onChange={setPassword}
          fault={code === 'password-too-weak' ? fault : undefined}
        />
        <FormFault words={code === 'password-too-weak' ? undefined : fault} />
        <Button type="submit" loading={isBusy} disabled={!isReady}>
          {submitLabel}
        </Button>
      </Stack>
    </form>
  )
}

/** While the link is looked at, and when it is good for nothing. */
export function LinkState({ isPending, action }: { isPending: boolean; action: ReactNode }) {
  const { t } = useTranslation()
  if (isPending) return <Skeleton h="20rem" />
  return (
    <Stack gap="sm">
      <Title order={1}>{t('links.invalid')}</Title>
      <Text size="sm" c="dimmed">
        {t('links.invalidDetail')}
      </Text>
      {action}
    </Stack>
  )
}
