import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'

interface FormFootProps {
  /** On the button that does it. */
  yes: string
  /** Of that button, where it warns. */
  color?: string | undefined
  isBusy: boolean
  isReady: boolean
  onClose: () => void
}

/** Away from a form in a dialog, or on. */
export function FormFoot({ yes, color, isBusy, isReady, onClose }: FormFootProps) {
  const { t } = useTranslation()
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onClose}>
        {t('common.cancel')}
      </Button>
      <Button type="submit" {...(color === undefined ? {} : { color })} loading={isBusy} disabled={!isReady}>
        {yes}
      </Button>
    </Group>
  )
}
