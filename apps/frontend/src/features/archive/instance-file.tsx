import { type Version, versionUrl } from '@instandt/api'
import { Button, Menu, Text } from '@mantine/core'
import { IconDownload, IconHistory, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { versionsQuery } from '../../api/archive-queries.ts'
import { formatBytes, formatInstant } from '../../ui/format.ts'
import classes from './archive.module.css'

interface InstanceFileProps {
  study: string
  instance: string
  mayDelete: boolean
  onDelete: () => void
}

/** One image's file: when its bytes were proven, what it was before corrections, and the way out. */
export function InstanceFile({ study, instance, mayDelete, onDelete }: InstanceFileProps) {
  const { t, i18n } = useTranslation()
  const versions = useQuery(versionsQuery(study, instance))
  const items = versions.data?.items ?? []
  const [current] = items
  return (
    <div className={classes.file}>
      <Text size="xs" c="dimmed">
        {current === undefined
          ? ''
          : current.provenAt === null
            ? t('archive.fixity.nothing')
            : t('archive.proof.proven', { at: formatInstant(current.provenAt, i18n.language) })}
      </Text>
      <div className={classes.actions}>
        {items.length > 1 ? <Versions study={study} instance={instance} items={items} /> : null}
        {mayDelete ? (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconTrash size={14} aria-hidden />}
            onClick={onDelete}
          >
            {t('archive.menu.deleteImage')}
          </Button>
        ) : null}
      </div>
    </div>
  )
}

function Versions({ study, instance, items }: { study: string; instance: string; items: Version[] }) {
  const { t, i18n } = useTranslation()
  return (
    <Menu position="bottom-end" withinPortal width={320}>
      <Menu.Target>
        <Button size="compact-xs" variant="default" leftSection={<IconHistory size={14} aria-hidden />}>
          {t('archive.versions.title', { count: items.length })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ version, isCurrent, storedAt, byteSize, sha256 }) => (
          <Menu.Item
            key={version}
            component="a"
            href={versionUrl(study, instance, version)}
            download={`${instance}-v${version}.dcm`}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            <Text size="sm" fw={500}>
              {t('archive.versions.one', { version })}
              {' · '}
              {isCurrent
                ? t('archive.versions.current')
                : version === 1
                  ? t('archive.versions.original')
                  : t('archive.versions.former')}
            </Text>
            <Text size="xs" c="dimmed">
              {formatInstant(storedAt, i18n.language)} · {formatBytes(byteSize, i18n.language)} ·{' '}
              <code title={sha256}>{sha256.slice(0, 10)}…</code>
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
