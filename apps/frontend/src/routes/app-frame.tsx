import { ActionIcon, Anchor, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconKeyboard, IconUpload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useMatchRoute, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { sessionQuery } from '../api/queries.ts'
import { ConversionPill } from '../features/conversion/conversion-pill.tsx'
import { DropAnywhere } from '../features/upload/drop-anywhere.tsx'
import { UploadPill } from '../features/upload/upload-pill.tsx'
import { LinkButton } from '../ui/link-controls.tsx'
import { useShortcuts } from '../ui/use-shortcuts.ts'
import classes from './app-frame.module.css'
import { ConnectionBanner } from './connection-banner.tsx'
import { BrandMark, ColourSwitch, LanguageMenu } from './frame-parts.tsx'
import { ShortcutsHelp } from './shortcuts-help.tsx'
import { UserMenu } from './user-menu.tsx'

/** What every page stands in: header, state of the connection, and the page itself. */
export function AppFrame() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [isHelpOpen, help] = useDisclosure(false)
  const session = useQuery(sessionQuery)
  const canStore = session.data?.projects.some((one) => one.permissions.includes('store')) ?? false
  const matches = useMatchRoute()
  const isUploadPage = matches({ to: '/upload' }) !== false
  // That page takes files of its own.
  const isConvertPage = matches({ to: '/convert' }) !== false

  useShortcuts({
    '?': help.open,
    u: () => (canStore ? void navigate({ to: '/upload' }) : undefined),
    i: () => void navigate({ to: '/' }),
  })

  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        {t('app.skip')}
      </a>
      <header className={classes.header}>
        <Anchor component={Link} to="/" className={classes.brand} aria-label={t('app.home')} underline="never">
          <BrandMark />
          <span className={classes.brandName}>{t('app.name')}</span>
        </Anchor>
        <div className={classes.space} />
        <ConversionPill />
        <UploadPill />
        {canStore ? (
          <LinkButton
            to="/upload"
            size="xs"
            variant={isUploadPage ? 'default' : 'filled'}
            className={classes.uploadButton}
            aria-current={isUploadPage ? 'page' : undefined}
          >
            <IconUpload size={16} aria-hidden />
            <span className={classes.uploadText}>{t('app.upload')}</span>
          </LinkButton>
        ) : null}
        <div className={classes.tools}>
          <Tooltip label={t('app.shortcuts')}>
            <ActionIcon
              className={classes.helpButton}
              variant="subtle"
              color="gray"
              onClick={help.open}
              aria-label={t('app.shortcuts')}
            >
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
          <LanguageMenu />
          <ColourSwitch />
          <UserMenu />
        </div>
      </header>
      <ConnectionBanner />
      <main id="content" className={classes.content} tabIndex={-1}>
        <Outlet />
      </main>
      {canStore && !isConvertPage ? <DropAnywhere onDropped={() => void navigate({ to: '/upload' })} /> : null}
      <ShortcutsHelp opened={isHelpOpen} onClose={help.close} />
    </div>
  )
}
