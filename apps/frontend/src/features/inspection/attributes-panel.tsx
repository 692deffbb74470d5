import { ActionIcon, Center, Loader, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue, useLocalStorage } from '@mantine/hooks'
import { IconChevronDown, IconChevronRight, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../../api/fault.tsx'
import { metadataQuery } from '../../api/queries.ts'
import { formatCount } from '../../ui/format.ts'
import { type GridColumn, VirtualGrid } from '../../ui/virtual-grid.tsx'
import {
  type AttributeRow,
  attributeRows,
  countAttributes,
  formatTag,
  readMetadata,
  type Words,
} from './attribute-rows.ts'
import { AttributeValue } from './attribute-value.tsx'
import classes from './inspection.module.css'

interface AttributesPanelProps {
  study: string
  series: string
  instance: string
  isCompact: boolean
}

/** Every attribute of one object, sequences unfolded on demand. In a file of its own: the dictionary is large. */
export function AttributesPanel({ study, series, instance, isCompact }: AttributesPanelProps) {
  const { t, i18n } = useTranslation()
  const metadata = useQuery(metadataQuery(study, series, instance))
  const [words, setWords] = useLocalStorage<Words>({ key: 'instandt-words', defaultValue: 'diconde' })
  const [query, setQuery] = useState('')
  const [settledQuery] = useDebouncedValue(query, 120)
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set())

  const dataset = useMemo(
    () => (metadata.data === undefined ? undefined : readMetadata(metadata.data)),
    [metadata.data],
  )
  const rows = useMemo(
    () => (dataset === undefined ? [] : attributeRows(dataset, words, expanded, settledQuery)),
    [dataset, words, expanded, settledQuery],
  )
  const total = useMemo(() => (dataset === undefined ? 0 : countAttributes(dataset)), [dataset])

  const toggle = (path: string): void =>
    setExpanded((before) => {
      const next = new Set(before)
      if (!next.delete(path)) next.add(path)
      return next
    })

  if (metadata.isError) return <Fault error={metadata.error} onRetry={() => void metadata.refetch()} />
  if (metadata.isPending) {
    return (
      <Center h="100%">
        <Loader aria-label={t('common.loading')} />
      </Center>
    )
  }

  const name = (row: AttributeRow) => (
    <span className={classes.attributeName} style={{ paddingInlineStart: `${row.depth * 0.875}rem` }}>
      {row.kind === 'sequence' && row.count > 0 && settledQuery === '' ? (
        <ActionIcon
          size="xs"
          variant="transparent"
          color="gray"
          tabIndex={-1}
          aria-expanded={expanded.has(row.path)}
          aria-label={expanded.has(row.path) ? t('attributes.collapse') : t('attributes.expand')}
          onClick={() => toggle(row.path)}
        >
          {expanded.has(row.path) ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        </ActionIcon>
      ) : null}
      <span className={classes.ellipsis} title={row.label}>
        {row.kind === 'item' ? (
          <span className={classes.dim}>{t('attributes.item', { number: row.count })}</span>
        ) : row.creator ? (
          t('attributes.private', { creator: row.creator })
        ) : (
          row.label
        )}
      </span>
    </span>
  )
  const columns: GridColumn<AttributeRow>[] = [
    {
      key: 'tag',
      header: t('attributes.tag'),
      cell: ({ tag }) => <span className={classes.tag}>{tag ? formatTag(tag) : ''}</span>,
    },
    { key: 'name', header: t('attributes.name'), cell: name },
    { key: 'vr', header: t('attributes.vr'), cell: ({ vr }) => <span className={classes.dim}>{vr}</span> },
    { key: 'value', header: t('attributes.value'), cell: (row) => <AttributeValue row={row} /> },
  ]

  return (
    <div className={classes.attributes}>
      <div className={classes.attributesBar}>
        <TextInput
          className={classes.attributesSearch}
          aria-label={t('attributes.search')}
          placeholder={t('attributes.search')}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={query}
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label={t('attributes.words')}
          size="xs"
          value={words}
          onChange={(value) => setWords(value as Words)}
          data={[
            { value: 'diconde', label: t('attributes.wordsDiconde') },
            { value: 'dicom', label: t('attributes.wordsDicom') },
          ]}
        />
        <output className={classes.dim}>
          {t('attributes.count', { count: total, shown: formatCount(total, i18n.language) })}
        </output>
      </div>
      <VirtualGrid
        label={t('attributes.table')}
        columns={columns}
        template="6.5rem minmax(12rem, 1.1fr) 2rem minmax(10rem, 1.4fr)"
        rows={rows}
        rowKey={({ path }) => path}
        rowHeight={30}
        isCompact={isCompact}
        compactHeight={52}
        compact={(row) => (
          <div className={classes.attributeCard}>
            <div className={classes.attributeCardLine}>
              {name(row)}
              <span className={classes.tag}>{row.tag ? formatTag(row.tag) : ''}</span>
            </div>
            <div className={classes.ellipsis} style={{ paddingInlineStart: `${row.depth * 0.875}rem` }}>
              <AttributeValue row={row} />
            </div>
          </div>
        )}
        onOpen={(row) => {
          if (row.kind === 'sequence') toggle(row.path)
        }}
        resetKey={settledQuery}
        empty={<p className={classes.nothing}>{t('attributes.none')}</p>}
      />
    </div>
  )
}
