import { ActionIcon, Anchor, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconKeyboard, IconLanguage, IconMoon, IconSun, IconUpload } from '@tabler/icons-react'
import { Link, Outlet, useMatchRoute, useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { DropAnywhere } from '../features/upload/drop-anywhere.tsx'
import { UploadPill } from '../features/upload/upload-pill.tsx'
import { type Language, languages, setLanguage } from '../i18n/index.ts'
import { LinkButton } from '../ui/link-controls.tsx'
import { useShortcuts } from '../ui/use-shortcuts.ts'
import classes from './app-frame.module.css'
import { ConnectionBanner } from './connection-banner.tsx'
import { ShortcutsHelp } from './shortcuts-help.tsx'

/** What every page stands in: header, state of the connection, and the page itself. */
export function AppFrame() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [isHelpOpen, help] = useDisclosure(false)
  const isUploadPage = useMatchRoute()({ to: '/upload' }) !== false

  useShortcuts({
    '?': help.open,
    u: () => void navigate({ to: '/upload' }),
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
        <UploadPill />
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
        </div>
      </header>
      <ConnectionBanner />
      <main id="content" className={classes.content} tabIndex={-1}>
        <Outlet />
      </main>
      <DropAnywhere onDropped={() => void navigate({ to: '/upload' })} />
      <ShortcutsHelp opened={isHelpOpen} onClose={help.close} />
    </div>
  )
}

function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden className={classes.mark}>
      <path d="M2 17h6l2.4-8 4.2 16 4.2-20 3.6 12H30" />
    </svg>
  )
}

function LanguageMenu() {
  const { t, i18n } = useTranslation()
  const names: Record<Language, string> = { en: t('app.english'), de: t('app.german') }
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('app.language')} title={t('app.language')}>
          <IconLanguage size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {languages.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            fw={i18n.language === language ? 600 : 400}
            aria-current={i18n.language === language ? 'true' : undefined}
            onClick={() => void setLanguage(language)}
          >
            {names[language]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function ColourSwitch() {
  const { t } = useTranslation()
  const { setColorScheme } = useMantineColorScheme()
  const isDark = useComputedColorScheme('dark') === 'dark'
  const label = isDark ? t('app.light') : t('app.dark')
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  )
}
