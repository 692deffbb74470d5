import { Anchor, Button, Divider, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { signInOptionsQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import { useSubmit } from '../api/use-submit.ts'
import { useConversion } from '../features/conversion/conversion-store.ts'
import { ConversionWaits } from '../features/conversion/conversion-waits.tsx'
import { useUpload } from '../features/upload/upload-store.ts'
import { UploadWaits } from '../features/upload/upload-waits.tsx'
import { safeReturnPath } from '../return-path.ts'
import { focusNow } from '../ui/focus-now.ts'
import { FormFault } from '../ui/form-fault.tsx'
import { PasswordField } from '../ui/password-field.tsx'

const route = getRouteApi('/outside/sign-in')
const directoryFaults = ['entra-failed', 'entra-no-role', 'entra-cancelled', 'expired'] as const

/** The ways in that this installation has, and no others. */
export function SignInPage() {
  const { t } = useTranslation()
  const { to, fault } = route.useSearch()
  const options = useQuery(signInOptionsQuery)
  const [isSecondStep, setIsSecondStep] = useState(false)
  const navigate = useNavigate()
  const isConverting = useConversion().rows.some((row) => row.state !== 'stored')
  const isUploading = useUpload().isActive || isConverting
  const onIn = async (): Promise<void> => {
    // Whoever was here before has left nothing to be seen.
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'sign-in-options' })
    await navigate({ href: safeReturnPath(to) })
  }
  const known = directoryFaults.find((one) => one === fault)
  return (
    <Stack>
      <title>{`${t('signIn.title')} – ${t('app.name')}`}</title>
      <Title order={1}>{isSecondStep ? t('signIn.codeTitle') : t('signIn.title')}</Title>
      <UploadWaits />
      <ConversionWaits />
      {options.isPending ? (
        <Skeleton h="12.5rem" />
      ) : options.isError ? (
        <Fault error={options.error} onRetry={() => void options.refetch()} />
      ) : !options.data.isSetUp ? (
        <div>
          <Text fw={600}>{t('signIn.notSetUp.title')}</Text>
          <Text size="sm" c="dimmed">
            {t('signIn.notSetUp.detail')}
          </Text>
        </div>
      ) : isSecondStep ? (
        <SecondStep onIn={() => void onIn()} onBack={() => setIsSecondStep(false)} />
      ) : (
        <>
          {known ? <FormFault words={t(`signIn.faults.${known}`)} /> : null}
          {options.data.hasEntra ? (
            <Button
              component="a"
              href={`/api/sign-in/entra?to=${encodeURIComponent(safeReturnPath(to))}`}
              // The files of an upload live as long as this tab's page.
              {...(isUploading ? { target: '_blank', rel: 'opener' } : {})}
              variant={options.data.hasLocal ? 'default' : 'filled'}
            >
              {t('signIn.entra')}
            </Button>
          ) : null}
          {options.data.hasEntra && options.data.hasLocal ? <Divider label={t('signIn.or')} /> : null}
          {options.data.hasLocal ? <FirstStep onIn={() => void onIn()} onSecond={() => setIsSecondStep(true)} /> : null}
        </>
      )}
    </Stack>
  )
}

function FirstStep({ onIn, onSecond }: { onIn: () => void; onSecond: () => void }) {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const { isBusy, fault, code, submit } = useSubmit(async () => {
    const { next } = await client.signIn(email, password)
    if (next === 'second-factor') onSecond()
    else onIn()
  })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
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
        <PasswordField
          label={t('signIn.password')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <FormFault words={code === 'sign-in-failed' ? t('signIn.failed') : fault} />
        <Button type="submit" loading={isBusy}>
          {t('signIn.submit')}
        </Button>
        <Anchor component={Link} to="/password-reset" size="sm" ta="center">
          {t('signIn.forgot')}
        </Anchor>
      </Stack>
    </form>
  )
}

function SecondStep({ onIn, onBack }: { onIn: () => void; onBack: () => void }) {
  const { t } = useTranslation()
  const [code, setCode] = useState('')
  const { isBusy, fault, code: refusal, submit } = useSubmit(() => client.enterSecondFactor(code), onIn)
  if (refusal === 'second-factor-expired') queueMicrotask(onBack)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <TextInput
          label={t('signIn.code')}
          description={t('signIn.codeHint')}
          inputMode="text"
          autoComplete="one-time-code"
          ref={focusNow}
          required
          withAsterisk={false}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <FormFault words={refusal === 'code-wrong' ? t('signIn.codeWrong') : fault} />
        <Button type="submit" loading={isBusy}>
          {t('signIn.submit')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onBack}>
          {t('signIn.back')}
        </Button>
      </Stack>
    </form>
  )
}
