import { RingProgress } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import classes from './header-pill.module.css'

interface HeaderPillProps {
  to: string
  words: string
  /** What stands before the text once nothing is under way. */
  icon?: ReactNode
  /** 0 to 100, while something is. */
  percent?: number | undefined
  isHalted?: boolean
  text?: string
  /** Left out where there is little room. */
  more?: ReactNode
}

/** Work that goes on whatever page is looked at, in the header; leads to its own page. */
export function HeaderPill({ to, words, icon, percent, isHalted = false, text, more }: HeaderPillProps) {
  return (
    <Link to={to} className={classes.pill} aria-label={words} title={words}>
      {percent === undefined ? (
        icon
      ) : (
        <RingProgress
          size={20}
          thickness={3}
          sections={[{ value: percent, color: isHalted ? 'yellow.6' : 'signal' }]}
          aria-hidden
        />
      )}
      <span>
        {text}
        {more === undefined ? null : <span className={classes.wide}>{more}</span>}
      </span>
    </Link>
  )
}
