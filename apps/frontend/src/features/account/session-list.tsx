import type { Profile } from '@instandt/api'
import { Badge, Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { profileQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant } from '../../ui/format.ts'
import classes from '../../ui/page.module.css'
import { describeAgent } from './describe-agent.ts'

/** Where somebody is signed in; any other place can be signed out from here. */
export function SessionList({ sessions }: { sessions: Profile['sessions'] }) {
  const { t, i18n } = useTranslation()
  const { isBusy, fault, submit } = useSubmit<string>(
    (id) => client.endSession(id),
    () => queryClient.invalidateQueries(profileQuery),
  )
  return (
    <>
      <ul className={classes.list}>
        {sessions.map((one) => (
          <li key={one.id} className={classes.row}>
            <div>
              <Text size="sm" span fw={500}>
                {describeAgent(one.agent)}
              </Text>{' '}
              {one.isCurrent ? <Badge>{t('profile.thisSession')}</Badge> : null}
              <Text size="xs" c="dimmed">
                {one.address} · {t('profile.started', { when: formatInstant(one.startedAt, i18n.language) })} ·{' '}
                {t('profile.seen', { when: formatInstant(one.seenAt, i18n.language) })}
              </Text>
            </div>
            {one.isCurrent ? null : (
              <Button size="xs" variant="default" loading={isBusy} onClick={() => submit(one.id)}>
                {t('profile.end')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <FormFault words={fault} />
    </>
  )
}
