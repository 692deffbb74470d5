import type { SearchAttribute } from '@instandt/api'
import { Badge, Button, Group, Progress, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../../api/client.ts'
import { searchAttributesQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { useSubmit } from '../../api/use-submit.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import { FormFault } from '../../ui/form-fault.tsx'
import { formatInstant, formatPercent } from '../../ui/format.ts'
import classes from '../../ui/page.module.css'
import { searchAttributeLabel, searchAttributeWay } from '../../ui/search-attribute-label.ts'

const stateColors = { indexing: 'yellow', ready: 'signal', failed: 'red', removing: 'gray' } as const
const refresh = (): Promise<void> => queryClient.invalidateQueries(searchAttributesQuery)

/** Declared attributes with the state of their index. */
export function SearchAttributeList({ items }: { items: readonly SearchAttribute[] }) {
  const { t } = useTranslation()
  const [removing, setRemoving] = useState<SearchAttribute>()
  const remove = useSubmit<number>(
    (id) => client.removeSearchAttribute(id),
    () => {
      setRemoving(undefined)
      return refresh()
    },
  )
  const resume = useSubmit<number>((id) => client.resumeSearchAttribute(id), refresh)
  return (
    <>
      <ul className={classes.list}>
        {items.map((attribute) => (
          <Row
            key={attribute.id}
            attribute={attribute}
            isBusy={resume.isBusy}
            onResume={() => resume.submit(attribute.id)}
            onRemove={() => setRemoving(attribute)}
          />
        ))}
      </ul>
      <FormFault words={remove.fault ?? resume.fault} />
      <ConfirmDialog
        question={removing && t('searchAttributes.removeConfirm', { name: searchAttributeLabel(removing) })}
        yes={t('searchAttributes.remove')}
        no={t('common.cancel')}
        isBusy={remove.isBusy}
        onYes={() => removing && remove.submit(removing.id)}
        onClose={() => setRemoving(undefined)}
      />
    </>
  )
}

interface RowProps {
  attribute: SearchAttribute
  isBusy: boolean
  onResume: () => void
  onRemove: () => void
}

function Row({ attribute, isBusy, onResume, onRemove }: RowProps) {
  const { t, i18n } = useTranslation()
  const { state, progress, level, matching, vr, skippedCount, fault } = attribute
  const label = searchAttributeLabel(attribute)
  const isUnfinished = state === 'indexing' || state === 'failed'
  return (
    <li className={classes.row}>
      <div className={classes.grow}>
        <Text size="sm" span fw={500}>
          {label}
        </Text>{' '}
        <Badge color={stateColors[state]} variant="light">
          {t(`searchAttributes.states.${state}`)}
        </Badge>
        <Text size="xs" c="dimmed">
          {searchAttributeWay(attribute)} · {vr} · {t(`searchAttributes.levels.${level}`)} ·{' '}
          {t(`searchAttributes.matchings.${matching}`)}
        </Text>
        {isUnfinished ? (
          <Group gap="xs" mt={4} wrap="nowrap">
            <Progress
              value={progress * 100}
              color={state === 'failed' ? 'red' : 'signal'}
              size="sm"
              flex={1}
              maw="24rem"
              aria-label={t('searchAttributes.progress', {
                name: label,
                percent: formatPercent(progress, i18n.language),
              })}
            />
            <Text size="xs" c="dimmed" miw="3rem">
              {formatPercent(progress, i18n.language)}
            </Text>
          </Group>
        ) : null}
        {fault === null ? null : (
          <Text size="xs" c="red">
            {fault}
          </Text>
        )}
        {skippedCount === 0 ? null : (
          <Text size="xs" c="orange">
            {t('searchAttributes.skipped', { count: skippedCount })}
          </Text>
        )}
        <Text size="xs" c="dimmed">
          {t('searchAttributes.declared', {
            name: attribute.createdBy,
            when: formatInstant(attribute.createdAt, i18n.language),
          })}
        </Text>
      </div>
      <Group gap="xs">
        {state === 'failed' ? (
          <Button size="xs" loading={isBusy} onClick={onResume}>
            {t('searchAttributes.resume')}
          </Button>
        ) : null}
        {state === 'removing' ? null : (
          <Button
            size="xs"
            variant="default"
            onClick={onRemove}
            aria-label={t('searchAttributes.removeLabel', { name: label })}
          >
            {t('searchAttributes.remove')}
          </Button>
        )}
      </Group>
    </li>
  )
}
