// Rows are placed by hand: a real table would lay all of them out, and keys are heard on the grid for all rows at once.
/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events, react/incompatible-library */
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  type KeyboardEvent,
  memo,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useEffectEvent,
  useRef,
  useState,
} from 'react'
import classes from './virtual-grid.module.css'

export interface GridColumn<Row> {
  key: string
  header: ReactNode
  /** aria-sort of the header. */
  sorted?: 'ascending' | 'descending' | undefined
  align?: 'end' | undefined
  cell: (row: Row) => ReactNode
}

interface VirtualGridProps<Row> {
  label: string
  columns: readonly GridColumn<Row>[]
  /** CSS grid-template-columns shared by header and rows. */
  template: string
  rows: readonly Row[]
  rowKey: (row: Row) => string
  rowHeight: number
  /** Rows that exist but are not here yet: grey bars in their place. */
  waitingRows?: number
  /** Called when the reader comes near the end of the rows. */
  onNearEnd?: (() => void) | undefined
  onOpen?: ((row: Row) => void) | undefined
  /** Space on a row. */
  onMark?: ((row: Row) => void) | undefined
  isSelected?: (row: Row) => boolean
  /** One row in a narrow window instead of the columns; its height is `compactHeight`. */
  compact?: ((row: Row) => ReactNode) | undefined
  compactHeight?: number
  isCompact?: boolean
  /** Shown below the header in place of rows. */
  empty?: ReactNode
  /** aria-rowcount, when known; the rows at hand otherwise. */
  rowCount?: number | undefined
  /** Changing it scrolls back to the first row. */
  resetKey?: string
  isStale?: boolean
}

/**
 * A table of any length: only the rows in sight are in the document. Arrows, Page, Home and End move, Enter opens, Space marks.
 * One row is in the tab order at a time (roving tab index).
 */
export function VirtualGrid<Row>(props: VirtualGridProps<Row>) {
  const { rows, columns, template, waitingRows = 0, isCompact = false, compact, onOpen } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const shouldFocus = useRef(false)
  const height = isCompact ? (props.compactHeight ?? props.rowHeight) : props.rowHeight

  const virtualizer = useVirtualizer({
    count: rows.length + waitingRows,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    getItemKey: (index) => {
      const row = rows[index]
      return row === undefined ? `waiting-${index}` : props.rowKey(row)
    },
  })
  const items = virtualizer.getVirtualItems()
  const lastInSight = items.at(-1)?.index ?? 0

  useEffect(() => virtualizer.measure(), [virtualizer, height])

  const nearEnd = useEffectEvent(() => props.onNearEnd?.())
  // Half a screen of waiting rows would show at a fast scroll; asking 30 rows early hides most of them.
  const isNearEnd = rows.length > 0 && lastInSight >= rows.length - 30
  useEffect(() => {
    if (isNearEnd) nearEnd()
  }, [isNearEnd, rows.length])

  useEffect(() => {
    setActive(0)
    scroller.current?.scrollTo({ top: 0 })
  }, [props.resetKey])

  const focusActive = useEffectEvent((index: number) => {
    scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true })
  })
  useEffect(() => {
    if (!shouldFocus.current) return
    shouldFocus.current = false
    // After the virtualiser has drawn the row it scrolled to.
    const frame = requestAnimationFrame(() => focusActive(active))
    return () => cancelAnimationFrame(frame)
  }, [active])

  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index))
    shouldFocus.current = true
    virtualizer.scrollToIndex(next, { align: 'auto' })
    setActive(next)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || rows.length === 0) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height) - 1)
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    }
    const target = moves[event.key]
    if (target !== undefined) {
      event.preventDefault()
      moveTo(target)
      return
    }
    const row = rows[active]
    // Enter on a link or button inside the row is that one's own.
    if (row === undefined || !isRow(event.target)) return
    if (event.key === 'Enter') onOpen?.(row)
    if (event.key === ' ' && props.onMark) {
      event.preventDefault()
      props.onMark(row)
    }
  }

  const onClick = (event: MouseEvent<HTMLElement>): void => {
    const index = indexOf(event.target)
    const row = index === undefined ? undefined : rows[index]
    if (index === undefined || row === undefined) return
    setActive(index)
    const isOnControl = event.target instanceof Element && event.target.closest('a, button, input') !== null
    const hasSelectedText = (window.getSelection()?.toString() ?? '') !== ''
    if (!isOnControl && !hasSelectedText) onOpen?.(row)
  }

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="grid"
      aria-label={props.label}
      aria-rowcount={(props.rowCount ?? rows.length) + 1}
      aria-busy={waitingRows > 0 || props.isStale === true}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onFocus={(event) => {
        const index = indexOf(event.target)
        if (index !== undefined) setActive(index)
      }}
      data-compact={isCompact || undefined}
    >
      <div className={classes.head} role="rowgroup">
        <div className={classes.headRow} role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {columns.map((column) => (
            <div
              key={column.key}
              role="columnheader"
              className={classes.headCell}
              aria-sort={column.sorted}
              data-align={column.align}
            >
              {column.header}
            </div>
          ))}
        </div>
      </div>
      {rows.length + waitingRows === 0 ? (
        props.empty
      ) : (
        <div
          className={classes.body}
          role="rowgroup"
          style={{ height: virtualizer.getTotalSize() }}
          data-stale={props.isStale || undefined}
        >
          {items.map((item) => {
            const row = rows[item.index]
            if (row === undefined) {
              const place = { height, transform: `translateY(${item.start}px)`, gridTemplateColumns: template }
              return (
                <div key={item.key} className={classes.row} style={place} aria-hidden>
                  <span className={classes.waiting} />
                </div>
              )
            }
            return (
              <GridRow
                key={item.key}
                row={row}
                index={item.index}
                start={item.start}
                height={height}
                columns={columns}
                template={template}
                compact={isCompact ? compact : undefined}
                isActive={item.index === active}
                isSelected={props.isSelected?.(row) === true}
                canOpen={onOpen !== undefined}
              />
            )
          })}
        </div>
      )}
    </div>
  )
}

interface GridRowProps<Row> {
  row: Row
  index: number
  start: number
  height: number
  columns: readonly GridColumn<Row>[]
  template: string
  compact: ((row: Row) => ReactNode) | undefined
  isActive: boolean
  isSelected: boolean
  canOpen: boolean
}

// Scrolling draws the rows that come into sight and leaves the others alone.
const GridRow = memo(function GridRow<Row>(props: GridRowProps<Row>) {
  const { row, columns, compact } = props
  const place = { height: props.height, transform: `translateY(${props.start}px)` }
  return (
    <div
      data-index={props.index}
      role="row"
      aria-rowindex={props.index + 2}
      tabIndex={props.isActive ? 0 : -1}
      className={classes.row}
      data-selected={props.isSelected || undefined}
      data-opens={props.canOpen || undefined}
      style={compact ? place : { ...place, gridTemplateColumns: props.template }}
    >
      {compact ? (
        <div role="gridcell" className={classes.compactCell}>
          {compact(row)}
        </div>
      ) : (
        columns.map((column) => (
          <div key={column.key} role="gridcell" className={classes.cell} data-align={column.align}>
            {column.cell(row)}
          </div>
        ))
      )}
    </div>
  )
}) as <Row>(props: GridRowProps<Row>) => ReactNode

/** The row that an event happened in; clicks and focus are heard on the grid for all rows. */
function indexOf(target: EventTarget): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[role="row"][data-index]') : null
  return row === null ? undefined : Number(row.dataset['index'])
}

const isRow = (target: EventTarget): boolean => target instanceof HTMLElement && target.getAttribute('role') === 'row'
