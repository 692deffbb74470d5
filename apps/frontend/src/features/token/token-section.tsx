import type { Session, Token } from '@instandt/api'
import { Badge, Button, EmptyState, Skeleton, Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { Fault } from '../../api/fault.tsx'
import { tokensQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import { PageSection } from '../../ui/page-section.tsx'
import classes from '../../ui/page.module.css'
import { NewTokenDialog } from './new-token-dialog.tsx'

interface TokenSectionProps {
  whose: 'own' | 'all'
  title: string
  detail: string
  session: Session
}

/** Tokens in force, and a new one: one's own, or those of the machines. */
export function TokenSection({ whose, title, detail, session }: TokenSectionProps) {
  const { t } = useTranslation()
  const tokens = useQuery(tokensQuery(whose))
  const [isNew, setIsNew] = useState(false)
  const [revoking, setRevoking] = useState<Token>()
  const refresh = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ['tokens'] })
  const revoke = useSubmit<Token>(
    ({ id }) => (whose === 'own' ? client.revokeOwnToken(id) : client.revokeToken(id)),
    async () => {
      setRevoking(undefined)
      await refresh()
    },
  )
  const items = tokens.data?.items ?? []
  return (
    <PageSection
      title={title}
      detail={detail}
      action={
        <Button variant="default" onClick={() => setIsNew(true)}>
          {t('tokens.new')}
        </Button>
      }
    >
      {tokens.isError ? (
        <Fault error={tokens.error} onRetry={() => void tokens.refetch()} />
      ) : tokens.isPending ? (
        <Skeleton h="4rem" />
      ) : items.length === 0 ? (
        whose === 'all' ? (
          <EmptyState icon={<IconKey stroke={1.4} />} title={t('tokens.empty')} description={t('tokens.emptyDetail')} />
        ) : null
      ) : (
        <ul className={classes.list}>
          {items.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      <FormFault words={revoke.fault} />
      <ConfirmDialog
        question={revoking && t('tokens.revokeConfirm', { name: revoking.name })}
        yes={t('tokens.revoke')}
        no={t('common.cancel')}
        isBusy={revoke.isBusy}
        onYes={() => revoking && revoke.submit(revoking)}
        onClose={() => setRevoking(undefined)}
      />
      <NewTokenDialog opened={isNew} whose={whose} session={session} onClose={() => setIsNew(false)} onMade={refresh} />
    </PageSection>
  )
}

function TokenRow({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const { t, i18n } = useTranslation()
  const when = (iso: string | null): string => (iso === null ? t('common.never') : formatInstant(iso, i18n.language))
  return (
    <li className={classes.row}>
      <div>
        <Text size="sm" span fw={500}>
          {token.name}
        </Text>{' '}
        <Badge>{t(`roles.${token.role}`)}</Badge>
        <Text size="xs" c="dimmed">
          {token.projects.join(', ')} · {token.prefix}… · {token.ownerName ?? t('tokens.machine')}
        </Text>
        <Text size="xs" c="dimmed">
          {t('tokens.created')} {when(token.createdAt)} · {t('tokens.expires')}{' '}
          {token.expiresAt === null ? t('common.never') : when(token.expiresAt)} · {t('tokens.lastUsed')}{' '}
          {when(token.lastUsedAt)}
        </Text>
      </div>
      <Button size="xs" variant="default" onClick={onRevoke}>
        {t('tokens.revoke')}
      </Button>
    </li>
  )
}
