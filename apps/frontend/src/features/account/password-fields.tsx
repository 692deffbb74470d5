import { minPasswordLength } from '@instandt/api'

import { useTranslation } from 'react-i18next'
import { PasswordField } from '../../ui/password-field.tsx'

export interface NewPassword {
  password: string
  again: string
}

export const noPassword: NewPassword = { password: '', again: '' }

/** Long enough and typed alike twice; the breach list is the server's. */
export const isNewPasswordReady = ({ password, again }: NewPassword): boolean =>
  Array.from(password).length >= minPasswordLength && password === again

interface PasswordFieldsProps {
  value: NewPassword
  onChange: (value: NewPassword) => void
  /** The server's refusal. */
  fault?: string | undefined
}

/** A new password, twice. */
export function PasswordFields({ value, onChange, fault }: PasswordFieldsProps) {
  const { t } = useTranslation()
  const differs = value.again !== '' && value.again.length >= value.password.length && value.again !== value.password
  return (
    <>
      <PasswordField
        label={t('links.newPassword')}
        description={t('links.rules', { count: minPasswordLength })}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        autoComplete="new-password"
        required
        withAsterisk={false}
        value={value.password}
        error={fault}
        onChange={(event) => onChange({ ...value, password: event.currentTarget.value })}
      />
      <PasswordField
        label={t('links.again')}
        autoComplete="new-password"
        required
        withAsterisk={false}
        value={value.again}
        error={differs ? t('links.notSame') : undefined}
        onChange={(event) => onChange({ ...value, again: event.currentTarget.value })}
      />
    </>
  )
}
