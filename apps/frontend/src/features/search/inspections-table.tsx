import type { Inspection } from '@instandt/api'
import { VisuallyHidden } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { InspectionsSearch } from '../../search-params.ts'
import { formatBytes, formatCount, formatInstant } from '../../ui/format.ts'
import { Thumbnail } from '../../ui/thumbnail.tsx'
import { type GridColumn, VirtualGrid } from '../../ui/virtual-grid.tsx'
import { nextSort, sortedBy } from './filters.ts'
import {
  ChoiceBox,
  ComponentCell,
  DateCell,
  DicondeMark,
  InspectionCard,
  ModalityBadges,
  pictureOf,
} from './inspection-cells.tsx'
import classes from './search.module.css'

interface InspectionsTableProps {
  inspections: readonly Inspection[]
  search: InspectionsSearch
  onSort: (sort: NonNullable<InspectionsSearch['sort']>) => void
  onOpen: (inspection: Inspection) => void
  onNearEnd: (() => void) | undefined
  waitingRows: number
  total: number | undefined
  isCompact: boolean
  isStale: boolean
  chosen: ReadonlyMap<string, Inspection>
  onChoose: (inspection: Inspection) => void
}

const template =
  '1.25rem 2.375rem minmax(14rem, 3fr) minmax(9.25rem, 1.2fr) minmax(6.5rem, 1fr) 9.5rem 8.5rem 7.5rem 5rem 4.75rem 10.5rem'

export function InspectionsTable({ inspections, search, onSort, chosen, onChoose, ...rest }: InspectionsTableProps) {
  const { t, i18n } = useTranslation()
  const { language } = i18n

  const columns = useMemo<GridColumn<Inspection>[]>(() => {
    const sorted = sortedBy(search)
    const sortable = (field: typeof sorted.field, name: string) => ({
      sorted:
        sorted.field !== field ? undefined : sorted.isDescending ? ('descending' as const) : ('ascending' as const),
      header: (
        <button type="button" className={classes.sort} onClick={() => onSort(nextSort(search, field))}>
          {name}
          {sorted.field === field ? (
            sorted.isDescending ? (
              <IconArrowDown size={13} aria-label={t('search.sortDown', { column: name })} />
            ) : (
              <IconArrowUp size={13} aria-label={t('search.sortUp', { column: name })} />
            )
          ) : null}
        </button>
      ),
    })
    const choice = (inspection: Inspection) => (
      <ChoiceBox
        inspection={inspection}
        isChosen={chosen.has(inspection.studyInstanceUid)}
        onChoose={() => onChoose(inspection)}
      />
    )
    const dash = <span className={classes.dim}>{t('common.none')}</span>
    return [
      { key: 'choice', header: <VisuallyHidden>{t('search.columns.choice')}</VisuallyHidden>, cell: choice },
      {
        key: 'picture',
        header: <VisuallyHidden>{t('common.picture')}</VisuallyHidden>,
        cell: (inspection) => <Thumbnail src={pictureOf(inspection)} size={38} />,
      },
      {
        key: 'component',
        ...sortable('component', t('search.columns.component')),
        cell: (inspection) => <ComponentCell inspection={inspection} />,
      },
      { key: 'number', header: t('search.columns.number'), cell: ({ componentNumber }) => componentNumber ?? dash },
      {
        key: 'order',
        ...sortable('order', t('search.columns.order')),
        cell: ({ orderNumber }) => orderNumber ?? dash,
      },
      {
        key: 'date',
        ...sortable('date', t('search.columns.date')),
        cell: (inspection) => <DateCell inspection={inspection} />,
      },
      {
        key: 'modalities',
        header: t('search.columns.modalities'),
        cell: ({ modalities }) => <ModalityBadges modalities={modalities} />,
      },
      {
        key: 'counts',
        header: t('search.columns.counts'),
        align: 'end',
        cell: ({ seriesCount, instanceCount }) =>
          t('search.counts', {
            views: formatCount(seriesCount, language),
            images: formatCount(instanceCount, language),
          }),
      },
      {
        key: 'size',
        header: t('search.columns.size'),
        align: 'end',
        cell: ({ byteSize }) => formatBytes(byteSize, language),
      },
      {
        key: 'diconde',
        header: t('search.columns.diconde'),
        cell: ({ isDiconde }) => <DicondeMark isDiconde={isDiconde} />,
      },
      {
        key: 'stored',
        ...sortable('stored', t('search.columns.stored')),
        cell: ({ storedAt }) => <span className={classes.dim}>{formatInstant(storedAt, language)}</span>,
      },
    ]
  }, [t, language, search, onSort, chosen, onChoose])
  const card = (inspection: Inspection) => (
    <InspectionCard
      inspection={inspection}
      isChosen={chosen.has(inspection.studyInstanceUid)}
      onChoose={() => onChoose(inspection)}
    />
  )

  return (
    <VirtualGrid
      label={t('search.table')}
      columns={columns}
      template={template}
      rows={inspections}
      rowKey={(inspection) => inspection.studyInstanceUid}
      rowHeight={46}
      compact={card}
      compactHeight={92}
      onMark={onChoose}
      isSelected={({ studyInstanceUid }) => chosen.has(studyInstanceUid)}
      resetKey={JSON.stringify(search)}
      rowCount={rest.total}
      {...rest}
    />
  )
}
