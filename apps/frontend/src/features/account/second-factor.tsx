import type { Profile, SecondFactorStart } from '@instandt/api'
import { Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { profileQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { PageSection } from '../../ui/page-section.tsx'
import { SecretShown } from '../../ui/secret-shown.tsx'
import { QrCode } from './qr-code.tsx'
import { PasswordField } from '../../ui/password-field.tsx'

type Step = { kind: 'password' } | { kind: 'scan'; start: SecondFactorStart } | { kind: 'codes'; codes: string[] }

/** Adding a second factor step by step, or taking it away. */
export function SecondFactor({ profile }: { profile: Profile }) {
  const { t } = useTranslation()
  const [step, setStep] = useState<Step>()
  const close = (): void => {
    setStep(undefined)
    void queryClient.invalidateQueries(profileQuery)
  }
  return (
    <PageSection
      title={t('profile.factor')}
      detail={
        profile.hasSecondFactor ? t('profile.factorOn', { count: profile.recoveryCodesLeft }) : t('profile.factorOff')
      }
      action={
        <Button variant="default" onClick={() => setStep({ kind: 'password' })}>
          {profile.hasSecondFactor ? t('profile.factorRemove') : t('profile.factorStart')}
        </Button>
      }
    >
      <Modal
        opened={step !== undefined}
        onClose={close}
        title={t('profile.factor')}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {step?.kind === 'password' ? (
          <AskPassword
            onSubmit={async (password) => {
              if (profile.hasSecondFactor) {
                await client.removeSecondFactor(password)
                close()
              } else setStep({ kind: 'scan', start: await client.startSecondFactor(password) })
            }}
            label={profile.hasSecondFactor ? t('profile.factorRemove') : t('profile.factorStart')}
          />
        ) : step?.kind === 'scan' ? (
          <ScanCode start={step.start} onDone={(codes) => setStep({ kind: 'codes', codes })} />
        ) : step?.kind === 'codes' ? (
          <Codes codes={step.codes} onClose={close} />
        ) : null}
      </Modal>
    </PageSection>
  )
}

function AskPassword({ label, onSubmit }: { label: string; onSubmit: (password: string) => Promise<void> }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const { isBusy, fault, submit } = useSubmit(() => onSubmit(password))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <PasswordField
          label={t('profile.factorPassword')}
          autoComplete="current-password"
          data-autofocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={password === ''}>
          {label}
        </Button>
      </Stack>
    </form>
  )
}

function ScanCode({ start, onDone }: { start: SecondFactorStart; onDone: (codes: string[]) => void }) {
  const { t } = useTranslation()
  const [code, setCode] = useState('')
  const { isBusy, fault, submit } = useSubmit(async () =>
    onDone((await client.confirmSecondFactor(code)).recoveryCodes),
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t('profile.factorScan')}</Text>
        <QrCode text={start.uri} />
        <Code block ta="center" aria-label={t('profile.factorSecret')}>
          {start.secret.match(/.{1,4}/g)?.join(' ')}
        </Code>
        <TextInput
          label={t('profile.factorCode')}
          inputMode="numeric"
          autoComplete="one-time-code"
          data-autofocus
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <FormFault words={fault} />
        <Button type="submit" loading={isBusy} disabled={!/^\d{6}$/.test(code.trim())}>
          {t('profile.factorConfirm')}
        </Button>
      </Stack>
    </form>
  )
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation()
  const text = codes.join('\n')
  return (
    <Stack gap="sm">
      <Text size="sm">{t('profile.factorCodesDetail')}</Text>
      <SecretShown value={text} label={t('profile.factorCodes')} words={[t('common.copy'), t('common.copiedOk')]} />
      <Group justify="space-between">
        <Button
          component="a"
          variant="default"
          download="instandt-recovery-codes.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}`}
        >
          {t('profile.download')}
        </Button>
        <Button onClick={onClose}>{t('common.done')}</Button>
      </Group>
    </Stack>
  )
}
