import { Anchor, EmptyState, Group, Select, Skeleton, TextInput, Title } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Fault } from '../api/fault.tsx'
import { auditPeriod, auditQuery } from '../api/queries.ts'
import { AuditTable } from '../features/admin/audit-table.tsx'
import { type AuditSearch, stringifySearch } from '../search-params.ts'
import { MoreButton } from '../ui/more-button.tsx'
import classes from '../ui/page.module.css'

const route = getRouteApi('/inside/manage/administration/audit')

/** Groups of actions that can be picked; a whole action where a group is too much. */
const groups = [
  ['sign-in', 'sign-in'],
  ['account', 'account'],
  ['invitation', 'invitation'],
  ['project', 'project'],
  ['member', 'member'],
  ['token', 'token'],
  ['image', 'image'],
  ['image_view', 'image.view'],
  ['image_store', 'image.store'],
  ['upload', 'upload'],
  ['search-attribute', 'search-attribute'],
  ['image_delete', 'image.delete'],
  ['image_purge', 'image.purge'],
  ['image_correct', 'image.correct'],
  ['webhook', 'webhook'],
  ['template', 'template'],
  ['access', 'access'],
  ['audit', 'audit'],
  ['archive', 'archive'],
] as const

/** Who did what: everything that narrows it is in the address. */
export function AuditPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const navigate = useNavigate()
  const pages = useInfiniteQuery(auditQuery(search))
  const events = pages.data?.pages.flatMap((page) => page.items) ?? []
  const set = (part: AuditSearch): void =>
    void navigate({ to: '/administration/audit', search: { ...search, ...part }, replace: true })
  const { from, to, ...words } = search
  const exportOf = (format: 'csv' | 'jsonl'): string =>
    `/api/audit/export${stringifySearch({ ...words, ...auditPeriod(from, to), format })}`
  return (
    <>
      <title>{`${t('audit.title')} – ${t('app.name')}`}</title>
      <div className={classes.top}>
        <Title order={2}>{t('audit.title')}</Title>
        <Group gap="sm">
          <Anchor size="sm" href={exportOf('csv')} download>
            {t('audit.export')} {t('audit.csv')}
          </Anchor>
          <Anchor size="sm" href={exportOf('jsonl')} download>
            {t('audit.export')} {t('audit.jsonl')}
          </Anchor>
        </Group>
      </div>
      <Group align="end" gap="xs" mb="md">
        <TextInput
          label={t('audit.person')}
          value={search.person ?? ''}
          onChange={(event) => set({ person: event.currentTarget.value || undefined })}
        />
        <TextInput
          label={t('audit.component')}
          value={search.component ?? ''}
          onChange={(event) => set({ component: event.currentTarget.value || undefined })}
        />
        <Select
          label={t('audit.action')}
          placeholder={t('audit.anyAction')}
          clearable
          data={groups.map(([name, value]) => ({ value, label: t(`audit.groups.${name}`) }))}
          value={search.action ?? null}
          onChange={(value) => set({ action: value ?? undefined })}
        />
        <TextInput
          type="date"
          label={t('audit.from')}
          value={from ?? ''}
          onChange={(event) => set({ from: event.currentTarget.value || undefined })}
        />
        <TextInput
          type="date"
          label={t('audit.to')}
          value={to ?? ''}
          onChange={(event) => set({ to: event.currentTarget.value || undefined })}
        />
      </Group>
      {pages.isError && events.length === 0 ? (
        <Fault error={pages.error} onRetry={() => void pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton h="24rem" />
      ) : events.length === 0 ? (
        <EmptyState icon={<IconHistory stroke={1.4} />} title={t('audit.empty')} description={t('audit.emptyDetail')} />
      ) : (
        <AuditTable events={events} />
      )}
      <MoreButton pages={pages} />
    </>
  )
}
