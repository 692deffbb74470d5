import { Button, Group, NativeSelect, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Profile, Session } from '@instandt/api'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { profileQuery, sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { isNewPasswordReady, noPassword, PasswordFields } from '../features/account/password-fields.tsx'
import { SecondFactor } from '../features/account/second-factor.tsx'
import { SessionList } from '../features/account/session-list.tsx'
import { TokenSection } from '../features/token/token-section.tsx'
import { FormFault } from '../ui/form-fault.tsx'
import { PageSection } from '../ui/page-section.tsx'
import classes from '../ui/page.module.css'
import { PasswordField } from '../ui/password-field.tsx'

/** One's own account. */
export function ProfilePage() {
  const { t } = useTranslation()
  const profile = useQuery(profileQuery)
  const session = useQuery(sessionQuery)
  if (profile.isError) return <Fault error={profile.error} onRetry={() => void profile.refetch()} />
  return (
    <div className={`${classes.page} ${classes.narrow}`}>
      <title>{`${t('profile.title')} – ${t('app.name')}`}</title>
      <Title order={1} mb="md">
        {t('profile.title')}
      </Title>
      {profile.data && session.data ? (
        <>
          <NameForm profile={profile.data} />
          <DefaultProject session={session.data} />
          {profile.data.kind === 'local' ? (
            <>
              <PageSection title={t('profile.password')}>
                <PasswordForm email={profile.data.email ?? ''} />
              </PageSection>
              <SecondFactor profile={profile.data} />
            </>
          ) : (
            <PageSection title={t('profile.factor')} detail={t('profile.factorDirectory')} />
          )}
          <TokenSection
            whose="own"
            title={t('profile.tokens')}
            detail={t('profile.tokensDetail')}
            session={session.data}
          />
          <PageSection title={t('profile.sessions')} detail={t('profile.sessionsDetail')}>
            <SessionList sessions={profile.data.sessions} />
          </PageSection>
        </>
      ) : (
        <Skeleton h="30rem" />
      )}
    </div>
  )
}

function NameForm({ profile }: { profile: Profile }) {
  const { t } = useTranslation()
  const [name, setName] = useState(profile.name)
  const { isBusy, fault, submit } = useSubmit(
    () => client.changeProfile({ name }),
    () => Promise.all([queryClient.invalidateQueries(profileQuery), queryClient.invalidateQueries(sessionQuery)]),
  )
  const isLocal = profile.kind === 'local'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Group align="end" mb="md">
        <TextInput
          flex={1}
          label={t('profile.name')}
          description={isLocal ? (profile.email ?? '') : t('profile.nameFromDirectory')}
          inputWrapperOrder={['label', 'input', 'description']}
          disabled={!isLocal}
          value={name}
          maxLength={120}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {isLocal ? (
          <Button
            type="submit"
            variant="default"
            mb="1.4rem"
            loading={isBusy}
            disabled={name.trim() === '' || name === profile.name}
          >
            {t('common.save')}
          </Button>
        ) : null}
      </Group>
      <FormFault words={fault} />
    </form>
  )
}

/** Where uploads of programs go that name no project; only for those who have a choice. */
function DefaultProject({ session }: { session: Session }) {
  const { t } = useTranslation()
  const projects = session.projects.filter((one) => one.permissions.includes('store'))
  const { isBusy, fault, submit } = useSubmit<string>(
    (slug) => client.changeProfile({ defaultProject: slug === '' ? null : slug }),
    () => queryClient.invalidateQueries(sessionQuery),
  )
  if (projects.length < 2) return null
  return (
    <>
      <NativeSelect
        label={t('profile.defaultProject')}
        description={t('profile.defaultProjectHint')}
        inputWrapperOrder={['label', 'input', 'description']}
        mb="md"
        disabled={isBusy}
        value={session.defaultProject ?? ''}
        data={[
          { value: '', label: t('common.none') },
          ...projects.map((one) => ({ value: one.slug, label: one.name })),
        ]}
        onChange={(event) => submit(event.currentTarget.value)}
      />
      <FormFault words={fault} />
    </>
  )
}

function PasswordForm({ email }: { email: string }) {
  const { t } = useTranslation()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState(noPassword)
  const [isDone, setIsDone] = useState(false)
  const { isBusy, fault, code, submit } = useSubmit(
    () => client.changePassword(current, next.password),
    () => {
      setCurrent('')
      setNext(noPassword)
      setIsDone(true)
      return queryClient.invalidateQueries(profileQuery)
    },
  )
  const isWeak = code === 'password-too-weak'
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        setIsDone(false)
        submit()
      }}
    >
      <Stack gap="sm" maw="24rem">
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <PasswordField
          label={t('profile.currentPassword')}
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordFields value={next} onChange={setNext} fault={isWeak ? fault : undefined} />
        <FormFault words={isWeak ? undefined : fault} />
        <Group>
          <Button
            type="submit"
            variant="default"
            loading={isBusy}
            disabled={current === '' || !isNewPasswordReady(next)}
          >
            {t('profile.changePassword')}
          </Button>
          <Text component="output" size="sm" c="dimmed">
            {isDone ? t('profile.passwordChanged') : ''}
          </Text>
        </Group>
      </Stack>
    </form>
  )
}
