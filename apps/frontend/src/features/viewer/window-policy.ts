import {
  autoWindow,
  firstPreset,
  presetWindow,
  type ShownFrame,
  type Window,
  type WindowPreset,
  windowOfFile,
} from './engine/index.ts'

/** A window and where it comes from. */
export interface ChosenWindow {
  window: Window
  preset: WindowPreset | 'manual'
}

/** The window an image begins with. */
export function firstWindow({ statistics, valueFormat, attributes }: ShownFrame): ChosenWindow {
  const { fileWindows, rescale } = attributes
  const preset = firstPreset(fileWindows, statistics, rescale)
  return { preset, window: presetWindow(preset, valueFormat, statistics, fileWindows, rescale) }
}

/** The window stays while scrolling, unless the file has its own for each image or the values lie elsewhere. */
export function nextWindow(frame: ShownFrame, before: FrameKind | undefined, chosen: ChosenWindow): ChosenWindow {
  if (before === undefined || kindOf(before) !== kindOf(frame)) return firstWindow(frame)
  // Whatever else the state holds must not come back with it.
  const { preset, window } = chosen
  if (preset === 'manual') return { preset, window }
  const { fileWindows, rescale } = frame.attributes
  const own = preset.startsWith('file-') ? fileWindows[Number(preset.slice('file-'.length))] : undefined
  if (own) return { preset, window: windowOfFile(own) }
  const automatic = autoWindow(frame.statistics, rescale)
  return overlap(window, automatic) < 0.5 ? { preset: 'auto', window: automatic } : { preset, window }
}

/** What says whether a window of one image suits another. */
export type FrameKind = Pick<ShownFrame, 'format' | 'attributes'>

/** Images of one kind share a window. */
function kindOf({ format, attributes }: FrameKind): string {
  const { slope, intercept, type } = attributes.rescale ?? { slope: 1, intercept: 0, type: '' }
  return [format.photometric, format.bitsStored, format.isSigned, format.kind, slope, intercept, type].join()
}

/** Share of the wider of two windows that both have. */
function overlap(a: Window, b: Window): number {
  const common = Math.min(a.upper, b.upper) - Math.max(a.lower, b.lower)
  const widest = Math.max(a.upper - a.lower, b.upper - b.lower)
  return widest > 0 ? Math.max(0, common) / widest : 1
}
