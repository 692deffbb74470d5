import { useTranslation } from 'react-i18next'

export function ViewerPage() {
  const { t } = useTranslation()
  return <p>{t('viewer.loading')}</p>
}
