import { UnreachableError } from '@instandt/api'
import { useNetwork } from '@mantine/hooks'
import { IconPlugConnectedX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { queryClient } from '../api/query-client.ts'
import classes from './app-frame.module.css'

/** Says that nothing answers, keeps asking, and brings every page up to date once something does. */
export function ConnectionBanner() {
  const { t } = useTranslation()
  const { online } = useNetwork()
  const session = useQuery({
    ...sessionQuery,
    retry: false,
    refetchInterval: (query) => (query.state.error instanceof UnreachableError ? 4000 : 60_000),
  })
  const isUnreachable = session.error instanceof UnreachableError

  const wasUnreachable = useRef(false)
  useEffect(() => {
    if (wasUnreachable.current && !isUnreachable) void queryClient.refetchQueries({ type: 'active' })
    wasUnreachable.current = isUnreachable
  }, [isUnreachable])

  if (!isUnreachable) return null
  return (
    <output className={classes.banner}>
      <IconPlugConnectedX size={18} aria-hidden />
      {online ? t('app.unreachable') : t('app.unreachableOffline')}
    </output>
  )
}
