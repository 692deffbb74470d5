import { Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './page.module.css'

interface PageSectionProps {
  title: string
  detail?: string | undefined
  action?: ReactNode
  children?: ReactNode
}

/** One matter of a page: its name, a sentence, what can be done. */
export function PageSection({ title, detail, action, children }: PageSectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.top}>
        <div>
          <Title order={2}>{title}</Title>
          {detail ? (
            <Text size="sm" c="dimmed" maw="40rem">
              {detail}
            </Text>
          ) : null}
        </div>
        {action}
      </div>
      {children}
    </section>
  )
}
