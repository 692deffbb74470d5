import { Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { BrandMark, ColourSwitch, LanguageMenu } from './frame-parts.tsx'
import classes from './outside-frame.module.css'

/** What the pages stand in that nobody has to be signed in for. */
export function OutsideFrame() {
  const { t } = useTranslation()
  return (
    <div className={classes.frame}>
      <div className={classes.tools}>
        <LanguageMenu />
        <ColourSwitch />
      </div>
      <main className={classes.card}>
        <div className={classes.brand}>
          <BrandMark size={26} />
          <span>{t('app.name')}</span>
        </div>
        <Outlet />
      </main>
    </div>
  )
}
