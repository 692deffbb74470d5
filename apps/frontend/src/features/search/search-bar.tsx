import type { SearchAttribute } from '@instandt/api'
import { ActionIcon, Button, Collapse, Kbd, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks'
import { IconFilter, IconSearch, IconX } from '@tabler/icons-react'
import { type RefObject, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type InspectionsSearch, inspectionSorts } from '../../search-params.ts'
import { toDicomDate, toFieldDate } from '../../ui/format.ts'
import { searchAttributeLabel } from '../../ui/search-attribute-label.ts'
import { attributeOf, countFilters, isNarrowed, withAttribute, withFilters } from './filters.ts'
import classes from './search.module.css'

// Methods seen in NDT first; any other code still works from a link.
const modalities = [
  'DX',
  'CR',
  'CT',
  'CT_MF',
  'XA',
  'RF',
  'US',
  'US_MF',
  'ES',
  'XC',
  'TG',
  'SC',
  'OT',
  'PR',
  'SR',
  'DOC',
]

interface SearchBarProps {
  search: InspectionsSearch
  onChange: (next: InspectionsSearch) => void
  boxRef: RefObject<HTMLInputElement | null>
  /** Columns cannot be clicked in a narrow window. */
  showsSort: boolean
  /** Projects of the caller; one is no choice. */
  projects: readonly { slug: string; name: string }[]
  /** Declared ones that inspections can be searched by. */
  attributes: readonly SearchAttribute[]
}

/** The search box and all filters; every value lives in the address. */
export function SearchBar({ search, onChange, boxRef, showsSort, projects, attributes }: SearchBarProps) {
  const { t } = useTranslation()
  const filterCount = countFilters(search)
  const [isOpen, filters] = useDisclosure(filterCount > 0)
  const change = (values: Partial<InspectionsSearch>): void => onChange(withFilters(search, values))
  const hasWrongDates = search.from !== undefined && search.to !== undefined && search.from > search.to

  const clearButton = isNarrowed(search) ? (
    <Button
      variant="subtle"
      color="gray"
      leftSection={<IconX size={14} aria-hidden />}
      onClick={() => onChange(withFilters({}, { sort: search.sort }))}
    >
      {t('search.clear')}
    </Button>
  ) : null

  return (
    <search className={classes.bar}>
      <div className={classes.boxRow}>
        <DelayedInput
          inputRef={boxRef}
          className={classes.box}
          value={search.q ?? ''}
          onCommit={(q) => change({ q })}
          label={t('search.box')}
          placeholder={t('search.placeholder')}
          clearLabel={t('search.clear')}
          maxLength={200}
          isBox
        />
        <Button
          variant="default"
          leftSection={<IconFilter size={16} aria-hidden />}
          onClick={filters.toggle}
          aria-expanded={isOpen}
          aria-controls="search-filters"
          rightSection={
            filterCount > 0 ? (
              <span className={classes.filterCount} title={t('search.filtersSet', { count: filterCount })}>
                {filterCount}
              </span>
            ) : null
          }
        >
          {t('search.filters')}
        </Button>
        <div className={classes.wideOnly}>{clearButton}</div>
      </div>
      <Collapse expanded={isOpen} id="search-filters" transitionDuration={120}>
        <div className={classes.filters}>
          <TextInput
            type="date"
            label={t('search.from')}
            aria-label={t('search.fromDate')}
            value={toFieldDate(search.from)}
            onChange={(event) => change({ from: toDicomDate(event.currentTarget.value) })}
            error={hasWrongDates ? t('search.invalidDates') : undefined}
          />
          <TextInput
            type="date"
            label={t('search.to')}
            aria-label={t('search.toDate')}
            value={toFieldDate(search.to)}
            onChange={(event) => change({ to: toDicomDate(event.currentTarget.value) })}
          />
          {projects.length > 1 ? (
            <NativeSelect
              label={t('search.project')}
              value={search.project ?? ''}
              onChange={(event) => change({ project: event.currentTarget.value })}
              data={[
                { value: '', label: t('search.anyProject') },
                ...projects.map((one) => ({ value: one.slug, label: one.name })),
              ]}
            />
          ) : null}
          <NativeSelect
            label={t('search.modality')}
            value={search.modality ?? ''}
            onChange={(event) => change({ modality: event.currentTarget.value })}
            data={[
              { value: '', label: t('search.anyModality') },
              ...new Set([...modalities, ...(search.modality ? [search.modality] : [])]),
            ]}
          />
          <DelayedInput
            label={t('search.component')}
            value={search.component ?? ''}
            onCommit={(component) => change({ component })}
            clearLabel={t('search.clear')}
            maxLength={128}
          />
          <DelayedInput
            label={t('search.order')}
            value={search.order ?? ''}
            onCommit={(order) => change({ order })}
            clearLabel={t('search.clear')}
            maxLength={64}
          />
          <DelayedInput
            label={t('search.owner')}
            value={search.owner ?? ''}
            onCommit={(owner) => change({ owner })}
            clearLabel={t('search.clear')}
            maxLength={128}
          />
          <NativeSelect
            label={t('search.diconde')}
            value={search.diconde ?? ''}
            onChange={(event) => {
              const value = event.currentTarget.value
              change({ diconde: value === 'yes' || value === 'no' ? value : undefined })
            }}
            data={[
              { value: '', label: t('search.dicondeAny') },
              { value: 'yes', label: t('search.dicondeYes') },
              { value: 'no', label: t('search.dicondeNo') },
            ]}
          />
          {attributes.map((attribute) => (
            <DelayedInput
              key={attribute.id}
              label={searchAttributeLabel(attribute)}
              value={attributeOf(search, attribute.name)}
              onCommit={(value) => change({ attributes: withAttribute(search, attribute.name, value) })}
              clearLabel={t('search.clear')}
              placeholder={t(`search.attributeHints.${attribute.matching}`)}
              maxLength={128}
            />
          ))}
          {showsSort ? (
            <NativeSelect
              label={t('search.sort')}
              value={search.sort ?? '-date'}
              onChange={(event) => change({ sort: inspectionSorts.find((sort) => sort === event.currentTarget.value) })}
              data={inspectionSorts.map((sort) => ({ value: sort, label: t(`search.sorts.${sort}`) }))}
            />
          ) : null}
          <div className={classes.narrowOnly}>{clearButton}</div>
        </div>
      </Collapse>
    </search>
  )
}

interface DelayedInputProps {
  value: string
  onCommit: (value: string) => void
  label: string
  clearLabel: string
  placeholder?: string
  maxLength: number
  className?: string | undefined
  inputRef?: RefObject<HTMLInputElement | null>
  isBox?: boolean
}

/** Typing shows at once and searches after a short rest; Enter and leaving the field search at once. */
function DelayedInput({ value, onCommit, label, clearLabel, isBox = false, inputRef, ...rest }: DelayedInputProps) {
  const [text, setText] = useState(value)
  const [committed, setCommitted] = useState(value)
  // The address changed from elsewhere (back button, clear): it wins over what was typed.
  if (value !== committed) {
    setCommitted(value)
    setText(value)
  }
  const commit = (next: string): void => {
    const trimmed = next.trim()
    if (trimmed === committed) return
    setCommitted(trimmed)
    onCommit(trimmed)
  }
  const commitLater = useDebouncedCallback(commit, 250)
  useEffect(() => () => commitLater.cancel(), [commitLater])

  const clear = (
    <ActionIcon
      variant="transparent"
      color="gray"
      aria-label={clearLabel}
      tabIndex={-1}
      onClick={() => {
        setText('')
        commitLater.cancel()
        commit('')
        inputRef?.current?.focus()
      }}
    >
      <IconX size={14} />
    </ActionIcon>
  )
  return (
    <TextInput
      {...rest}
      ref={inputRef}
      type="text"
      {...(isBox ? { 'aria-label': label, 'aria-keyshortcuts': '/' } : { label })}
      leftSection={isBox ? <IconSearch size={16} aria-hidden /> : undefined}
      rightSection={text === '' ? isBox ? <Kbd className={classes.slash}>/</Kbd> : undefined : clear}
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        commitLater(event.currentTarget.value)
      }}
      onBlur={() => {
        commitLater.cancel()
        commit(text)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') {
          commitLater.cancel()
          commit(text)
        }
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
