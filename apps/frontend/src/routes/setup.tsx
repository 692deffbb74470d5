import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { client } from '../api/client.ts'
import { Fault } from '../api/fault.tsx'
import { queryClient } from '../api/query-client.ts'
import { useLink } from '../api/use-link.ts'
import { useSubmit } from '../api/use-submit.ts'
import { LinkForm, type LinkFormValues, LinkState } from '../features/account/link-form.tsx'
import { LinkButton } from '../ui/link-controls.tsx'

/** The first administrator, by the one-time link that the server printed. */
export function SetupPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { secret, link, isOver, fault, retry } = useLink('setup')
  const form = useSubmit<LinkFormValues>(
    ({ name, email, password }) => client.setUp({ token: secret, name, email, password }),
    async () => {
      queryClient.clear()
      await navigate({ to: '/' })
    },
  )
  return (
    <>
      <title>{`${t('links.setup')} – ${t('app.name')}`}</title>
      {fault ? (
        <Fault error={fault} onRetry={retry} />
      ) : link ? (
        <LinkForm
          title={t('links.setup')}
          detail={t('links.setupDetail')}
          submitLabel={t('links.setupSubmit')}
          fields={['name', 'email']}
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
