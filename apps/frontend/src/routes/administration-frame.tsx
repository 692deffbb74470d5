import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { FaultPanel } from '../ui/fault-panel.tsx'
import classes from '../ui/page.module.css'
import { administrationPages } from './administration-pages.ts'

/** Tabs of the pages this caller may use; the others are not there. */
export function AdministrationFrame() {
  const { t } = useTranslation()
  const { data: session } = useQuery(sessionQuery)
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const list = useRef<HTMLDivElement>(null)
  const pages = session ? administrationPages(session) : []
  const [first] = pages
  const current = pages.find(({ to }) => pathname.startsWith(to))
  const shown = current?.to
  useEffect(() => {
    // In a narrow window the tabs are one line that scrolls.
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [shown])
  if (!session) return null
  if (first && /^\/administration\/?$/.test(pathname)) return <Navigate to={first.to} replace />
  if (!current) {
    return (
      <FaultPanel
        title={t('error.forbidden.title')}
        detail={t('error.forbidden.detail')}
        retryLabel={t('common.retry')}
      />
    )
  }
  return (
    <div className={classes.page}>
      <Tabs
        value={current.to}
        onChange={(to) => {
          const page = pages.find((one) => one.to === to)
          if (page) void navigate({ to: page.to })
        }}
        mb="md"
        className={classes.tabs}
      >
        <Tabs.List ref={list} aria-label={t('admin.nav')}>
          {pages.map(({ to, words }) => (
            <Tabs.Tab key={to} value={to}>
              {t(words)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <Outlet />
    </div>
  )
}
