import { Tooltip } from '@mantine/core'
import {
  IconArrowAutofitContent,
  IconArrowsMove,
  IconContrast2,
  IconFlipHorizontal,
  IconFlipVertical,
  IconKeyboard,
  IconMarquee2,
  IconMaximize,
  IconPlayerPause,
  IconPlayerPlay,
  IconRestore,
  IconRotateClockwise,
  IconStack2,
  IconBrightnessHalf,
  IconZoomIn,
} from '@tabler/icons-react'
import { type ComponentType, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useViewerState } from './use-viewer-state.ts'
import classes from './viewer.module.css'
import type { Tool, ViewerSession } from './viewer-state.ts'

interface ToolButtonProps {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>
  label: string
  /** Whole sentence for the tooltip; the label when absent. */
  hint?: string
  shortcut?: string
  isPressed?: boolean
  /** Why the button cannot be used now. */
  disabledReason?: string | undefined
  /** Opens something that says more than a tooltip. */
  isMenu?: boolean
  onClick: () => void
  testId?: string
}

export function ToolButton(props: ToolButtonProps) {
  const { icon: Icon, label, hint, shortcut, isPressed, disabledReason, isMenu = false, onClick, testId } = props
  const words = disabledReason ?? hint ?? label
  return (
    <Tooltip
      label={shortcut && !disabledReason ? `${words} (${shortcut})` : words}
      withinPortal={false}
      disabled={isMenu && isPressed === true}
      multiline
      maw={240}
    >
      <button
        type="button"
        className={classes.tool}
        aria-label={hint ?? label}
        aria-pressed={isMenu ? undefined : isPressed}
        aria-expanded={isMenu ? isPressed : undefined}
        data-active={isPressed}
        aria-disabled={disabledReason !== undefined}
        aria-keyshortcuts={shortcut}
        data-testid={testId}
        onClick={disabledReason === undefined ? onClick : undefined}
      >
        <Icon size={19} stroke={1.6} aria-hidden />
        <span>{label}</span>
      </button>
    </Tooltip>
  )
}

interface ToolbarProps {
  session: ViewerSession
  count: number
  windowMenu: ReactNode
  onHelp: () => void
}

/** Everything that can be done to the picture. */
export function Toolbar({ session, count, windowMenu, onHelp }: ToolbarProps) {
  const { t } = useTranslation()
  const tool = useViewerState(session, (state) => state.tool)
  const isInverted = useViewerState(session, (state) => state.isInverted)
  const isPlaying = useViewerState(session, (state) => state.isPlaying)
  const isColour = useViewerState(session, (state) => state.frame?.components === 3)
  const hasFrame = useViewerState(session, (state) => state.frame !== undefined)
  const noPicture = hasFrame ? undefined : t('viewer.noPicture')
  const single = count > 1 ? undefined : t('viewer.single')
  const choose = (name: Tool) => ({ isPressed: tool === name, onClick: () => session.setTool(name) })

  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t('viewer.tools')}>
      <div className={classes.group}>
        <ToolButton
          icon={IconBrightnessHalf}
          label={t('viewer.tool.window')}
          hint={t('viewer.hint.window')}
          shortcut="W"
          disabledReason={isColour ? t('viewer.colour') : undefined}
          {...choose('window')}
        />
        {windowMenu}
        <ToolButton
          icon={IconMarquee2}
          label={t('viewer.tool.area')}
          hint={t('viewer.hint.area')}
          shortcut="A"
          disabledReason={isColour ? t('viewer.colour') : undefined}
          {...choose('area')}
        />
        <ToolButton
          icon={IconZoomIn}
          label={t('viewer.tool.zoom')}
          hint={t('viewer.hint.zoom')}
          shortcut="Z"
          {...choose('zoom')}
        />
        <ToolButton
          icon={IconArrowsMove}
          label={t('viewer.tool.pan')}
          hint={t('viewer.hint.pan')}
          shortcut="P"
          {...choose('pan')}
        />
        <ToolButton
          icon={IconStack2}
          label={t('viewer.tool.scroll')}
          hint={t('viewer.hint.scroll')}
          shortcut="S"
          disabledReason={single}
          {...choose('scroll')}
        />
      </div>
      <div className={classes.group}>
        <ToolButton
          icon={IconContrast2}
          label={t('viewer.invert')}
          shortcut="I"
          isPressed={isInverted}
          disabledReason={noPicture}
          onClick={session.invert}
          testId="viewer-invert"
        />
        <ToolButton
          icon={IconMaximize}
          label={t('viewer.fit')}
          hint={t('viewer.hint.fit')}
          shortcut="F"
          disabledReason={noPicture}
          onClick={session.fit}
        />
        <ToolButton
          icon={IconArrowAutofitContent}
          label={t('viewer.oneToOne')}
          hint={t('viewer.hint.oneToOne')}
          shortcut="1"
          disabledReason={noPicture}
          onClick={session.oneToOne}
        />
        <ToolButton
          icon={IconRotateClockwise}
          label={t('viewer.rotate')}
          shortcut="R"
          disabledReason={noPicture}
          onClick={session.rotate}
        />
        <ToolButton
          icon={IconFlipHorizontal}
          label={t('viewer.flipHorizontal')}
          hint={t('viewer.hint.flipHorizontal')}
          shortcut="H"
          disabledReason={noPicture}
          onClick={() => session.flip('horizontal')}
        />
        <ToolButton
          icon={IconFlipVertical}
          label={t('viewer.flipVertical')}
          hint={t('viewer.hint.flipVertical')}
          shortcut="V"
          disabledReason={noPicture}
          onClick={() => session.flip('vertical')}
        />
        <ToolButton
          icon={IconRestore}
          label={t('viewer.reset')}
          hint={t('viewer.hint.reset')}
          shortcut="0"
          disabledReason={noPicture}
          onClick={session.reset}
        />
      </div>
      <div className={classes.group}>
        <ToolButton
          icon={isPlaying ? IconPlayerPause : IconPlayerPlay}
          label={isPlaying ? t('viewer.pause') : t('viewer.play')}
          hint={isPlaying ? t('viewer.hint.pause') : t('viewer.hint.play')}
          shortcut="Space"
          disabledReason={single}
          onClick={() => session.play(!isPlaying)}
          testId="viewer-play"
        />
        {count > 1 ? <Fps session={session} /> : null}
        <ToolButton
          icon={IconKeyboard}
          label={t('viewer.help')}
          hint={t('viewer.hint.help')}
          shortcut="?"
          onClick={onHelp}
        />
      </div>
    </div>
  )
}

function Fps({ session }: { session: ViewerSession }) {
  const { t } = useTranslation()
  const fps = useViewerState(session, (state) => state.fps)
  return (
    <label className={classes.fps}>
      <input
        type="number"
        min={1}
        max={60}
        value={fps}
        aria-label={t('viewer.fpsLabel')}
        onChange={(event) => {
          const value = event.currentTarget.valueAsNumber
          if (value >= 1) session.setFps(value)
        }}
      />
      <span aria-hidden>{t('viewer.fps')}</span>
    </label>
  )
}
