import { Button, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { signInOptionsQuery } from '../api/queries.ts'
import { useLink } from '../api/use-link.ts'
import { useSubmit } from '../api/use-submit.ts'
import { LinkForm, type LinkFormValues, LinkState } from '../features/account/link-form.tsx'
import { linkSecret } from '../return-path.ts'
import { focusNow } from '../ui/focus-now.ts'
import { FormFault } from '../ui/form-fault.tsx'
import { LinkButton } from '../ui/link-controls.tsx'

/** Asks for a link, or, with one in the address, for the new password. */
export function PasswordResetPage() {
  const { t } = useTranslation()
  return (
    <>
      <title>{`${t('links.reset')} – ${t('app.name')}`}</title>
      {linkSecret() === '' ? <AskForLink /> : <SetPassword />}
    </>
  )
}

function AskForLink() {
  const { t } = useTranslation()
  const options = useQuery(signInOptionsQuery)
  const [email, setEmail] = useState('')
  const [isAsked, setIsAsked] = useState(false)
  const { isBusy, fault, submit } = useSubmit(
    () => client.requestPasswordReset(email),
    () => setIsAsked(true),
  )
  if (options.isPending) return <Skeleton h="12rem" />
  const hasMail = options.data?.hasMail === true
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <Title order={1}>{t('links.ask')}</Title>
        <Text component="output" display="block" size="sm" c="dimmed">
          {isAsked ? t('links.asked') : hasMail ? t('links.askDetail') : t('links.askNoMail')}
        </Text>
        {hasMail && !isAsked ? (
          <>
            <TextInput
              label={t('signIn.email')}
              type="email"
              autoComplete="username"
              required
              withAsterisk={false}
              ref={focusNow}
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <FormFault words={fault} />
            <Button type="submit" loading={isBusy}>
              {t('links.askSubmit')}
            </Button>
          </>
        ) : null}
        <ToSignIn />
      </Stack>
    </form>
  )
}

function SetPassword() {
  const { t } = useTranslation()
  const { secret, link, isOver, fault, retry } = useLink('password-reset')
  const [isDone, setIsDone] = useState(false)
  const form = useSubmit<LinkFormValues>(
    ({ password }) => client.resetPassword(secret, password),
    () => setIsDone(true),
  )
  if (isDone) {
    return (
      <Stack gap="sm">
        <Title order={1}>{t('links.reset')}</Title>
        <Text size="sm">{t('links.resetDone')}</Text>
        <ToSignIn />
      </Stack>
    )
  }
  if (fault) return <Fault error={fault} onRetry={retry} />
  if (!link) return <LinkState isPending={!isOver} action={<ToSignIn />} />
  return (
    <LinkForm
      title={t('links.reset')}
      detail={t('links.resetDetail', { email: link.email })}
      submitLabel={t('links.resetSubmit')}
      fields={[]}
      link={link}
      isBusy={form.isBusy}
      fault={form.fault}
      code={form.code}
      onSubmit={form.submit}
    />
  )
}

function ToSignIn() {
  const { t } = useTranslation()
  return (
    <LinkButton to="/sign-in" variant="default">
      {t('links.toSignIn')}
    </LinkButton>
  )
}
