import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { queryClient } from '../api/query-client.ts'
import { useLink } from '../api/use-link.ts'
import { useSubmit } from '../api/use-submit.ts'
import { LinkForm, type LinkFormValues, LinkState } from '../features/account/link-form.tsx'
import { LinkButton } from '../ui/link-controls.tsx'

/** An invited person makes an account. */
export function InvitationPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { secret, link, isOver, fault, retry } = useLink('invitation')
  const form = useSubmit<LinkFormValues>(
    ({ name, password }) => client.acceptInvitation({ token: secret, name, password }),
    async () => {
      queryClient.clear()
      await navigate({ to: '/' })
    },
  )
  return (
    <>
      <title>{`${t('links.invitation')} – ${t('app.name')}`}</title>
      {fault ? (
        <Fault error={fault} onRetry={retry} />
      ) : link ? (
        <LinkForm
          title={t('links.invitation')}
          detail={t('links.invitationDetail', { email: link.email })}
          submitLabel={t('links.invitationSubmit')}
          fields={['name']}
          link={link}
          isBusy={form.isBusy}
          fault={form.fault}
          code={form.code}
          onSubmit={form.submit}
        />
      ) : (
        <LinkState
          isPending={!isOver}
          action={
            <LinkButton to="/sign-in" variant="default">
              {t('links.toSignIn')}
            </LinkButton>
          }
        />
      )}
    </>
  )
}
