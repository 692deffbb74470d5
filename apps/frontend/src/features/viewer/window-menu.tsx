import { Popover } from '@mantine/core'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import {
  centreAndWidth,
  type FileWindow,
  fromCentreAndWidth,
  type ShownFrame,
  type WindowPreset,
} from './engine/index.ts'
import { formatValue } from './format-value.ts'
import { ToolButton } from './toolbar.tsx'
import { useViewerState } from './use-viewer-state.ts'
import classes from './viewer.module.css'
import type { ViewerSession } from './viewer-state.ts'

/** Values with fractions have no "next" value: their width is simply the distance. */
export const isExactWindow = (frame: ShownFrame): boolean =>
  frame.format.kind === 'float' || !Number.isInteger(frame.attributes.rescale?.slope ?? 1)

/** Presets and numbers of the window. */
export function WindowMenu({ session }: { session: ViewerSession }) {
  const { t, i18n } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const frame = useViewerState(session, (state) => state.frame)
  const preset = useViewerState(session, (state) => state.preset)
  const window = useViewerState(session, (state) => state.window)
  const isColour = frame?.components === 3
  const reason = frame ? (isColour ? t('viewer.colour') : undefined) : t('viewer.noPicture')

  const numbers = frame ? centreAndWidth(window, isExactWindow(frame)) : undefined
  const fileWindows: FileWindow[] = frame?.attributes.fileWindows ?? []
  const presets: [WindowPreset, string][] = [
    ['auto', t('viewer.preset.auto')],
    ['minmax', t('viewer.preset.minmax')],
    ['full', t('viewer.preset.full')],
  ]

  const set = (centre: number, width: number): void => {
    if (frame && Number.isFinite(centre) && Number.isFinite(width) && width > 0) {
      session.setWindow(fromCentreAndWidth(centre, width, isExactWindow(frame)))
    }
  }

  return (
    <Popover
      width={272}
      opened={isOpen}
      onChange={setIsOpen}
      position="bottom-start"
      withinPortal={false}
      trapFocus
      shadow="md"
    >
      <Popover.Target>
        <div>
          <ToolButton
            icon={IconAdjustmentsHorizontal}
            label={t('viewer.presets')}
            hint={t('viewer.hint.presets')}
            isMenu
            isPressed={isOpen}
            disabledReason={reason}
            onClick={() => setIsOpen((open) => !open)}
            testId="viewer-presets"
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown className={classes.menu} role="menu" aria-label={t('viewer.presets')}>
        {presets.map(([name, label]) => (
          <PresetButton key={name} label={label} isChosen={preset === name} onClick={() => session.setPreset(name)} />
        ))}
        {fileWindows.map((fileWindow, index) => (
          <PresetButton
            // Two windows of a file may be alike in every word; their place tells them apart.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            label={fileWindow.explanation || t('viewer.preset.file', { number: index + 1 })}
            detail={`${formatValue(fileWindow.centre, i18n.language)} / ${formatValue(fileWindow.width, i18n.language)}`}
            isChosen={preset === `file-${index}`}
            onClick={() => session.setPreset(`file-${index}`)}
          />
        ))}
        {numbers ? (
          <div className={classes.numbers}>
            <NumberField
              label={t('viewer.centre')}
              value={numbers.centre}
              onSet={(centre) => set(centre, numbers.width)}
              testId="viewer-centre"
            />
            <NumberField
              label={t('viewer.width')}
              value={numbers.width}
              onSet={(width) => set(numbers.centre, width)}
              testId="viewer-width"
            />
          </div>
        ) : null}
      </Popover.Dropdown>
    </Popover>
  )
}

interface PresetButtonProps {
  label: string
  detail?: string
  isChosen: boolean
  onClick: () => void
}

function PresetButton({ label, detail, isChosen, onClick }: PresetButtonProps) {
  return (
    <button type="button" role="menuitemradio" aria-checked={isChosen} className={classes.preset} onClick={onClick}>
      <span>{label}</span>
      {detail ? <span className={classes.dim}>{detail}</span> : null}
    </button>
  )
}

interface NumberFieldProps {
  label: string
  value: number
  onSet: (value: number) => void
  testId: string
}

/** Takes effect at every number that can be read; while typing, what is typed stays. */
function NumberField({ label, value, onSet, testId }: NumberFieldProps) {
  const [typed, setTyped] = useState<string>()
  return (
    <label className={classes.field}>
      <span>{label}</span>
      <input
        type="text"
        inputMode="decimal"
        value={typed ?? String(Number(value.toPrecision(7)))}
        data-testid={testId}
        onChange={(event) => {
          const text = event.currentTarget.value
          setTyped(text)
          const number = Number(text.replace(',', '.'))
          if (text.trim() !== '' && Number.isFinite(number)) onSet(number)
        }}
        onBlur={() => setTyped(undefined)}
      />
    </label>
  )
}
