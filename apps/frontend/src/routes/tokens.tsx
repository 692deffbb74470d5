import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { TokenSection } from '../features/token/token-section.tsx'

/** Everybody's tokens, for administrators. */
export function TokensPage() {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  return (
    <>
      <title>{`${t('tokens.title')} – ${t('app.name')}`}</title>
      {session ? (
        <TokenSection whose="all" title={t('tokens.title')} detail={t('tokens.detail')} session={session} />
      ) : null}
    </>
  )
}
