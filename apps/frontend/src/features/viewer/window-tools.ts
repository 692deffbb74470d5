import {
  dragWindow,
  imageSizeOf,
  isSingle,
  minMaxWindow,
  pixelsBetween,
  type Point,
  presetWindow,
  rangeWithin,
  type Region,
  type ShownFrame,
  type Size,
  type ValueRange,
  type Window,
  type WindowPreset,
} from './engine/index.ts'
import { type ChosenWindow, type FrameKind, nextWindow } from './window-policy.ts'
import type { ViewerSession, ViewerState } from './viewer-state.ts'

interface WindowToolsOptions {
  state: () => ViewerState
  update: (change: Partial<ViewerState>) => void
  size: () => Size
}

export interface WindowTools extends Pick<
  ViewerSession,
  'setPreset' | 'setWindow' | 'dragWindow' | 'windowFromRegion'
> {
  /** Nobody waits for a range any more. */
  stop: () => void
  /** The window of a frame that comes on screen; one shown before, drawn another way, keeps the window it had. */
  begin: (frame: ShownFrame, isAgain: boolean) => ChosenWindow
  /** Full resolution may have come: a window that follows the frame's values is made anew. */
  refresh: () => void
}

/** What changes the window. Ranges are read in full resolution, and waited for where it is not here yet. */
export function createWindowTools({ state, update, size }: WindowToolsOptions): WindowTools {
  let measuring = new AbortController()
  /** The frame whose own values are not known yet, and what its window was made from. */
  let begun: { frame: ShownFrame; before: FrameKind | undefined; from: ChosenWindow; window: Window } | undefined

  function stop(): void {
    measuring.abort()
    if (state().isMeasuring) update({ isMeasuring: false })
  }

  async function measure(region: Region, use: (range: ValueRange) => void): Promise<void> {
    stop()
    const { frame } = state()
    if (!frame) return
    measuring = new AbortController()
    const { signal } = measuring
    update({ isMeasuring: true })
    try {
      const range = await rangeWithin(frame, region, signal)
      if (!signal.aborted) use(range)
    } catch (error) {
      if (!signal.aborted) update({ fineFault: error })
    } finally {
      if (!signal.aborted) update({ isMeasuring: false })
    }
  }

  function setPreset(preset: WindowPreset): void {
    stop()
    const { frame } = state()
    if (!frame) return
    const { fileWindows, rescale } = frame.attributes
    update({ preset, window: presetWindow(preset, frame.valueFormat, frame.statistics, fileWindows, rescale) })
    if (preset !== 'minmax' || frame.kind === 'whole' || frame.isMeasured) return
    const { columns, rows } = frame.format
    void measure({ left: 0, top: 0, right: columns, bottom: rows }, (range) => {
      Object.assign(frame, { statistics: { ...frame.statistics, ...range }, isMeasured: true })
      update({ preset, window: minMaxWindow(frame.statistics, rescale) })
    })
  }

  return {
    stop,
    setPreset,
    setWindow(window) {
      stop()
      update({ window, preset: 'manual' })
    },
    dragWindow(dx, dy) {
      const { frame, window } = state()
      if (!frame || frame.components === 3) return
      stop()
      const { lower, upper } = minMaxWindow(frame.statistics, frame.attributes.rescale)
      update({ window: dragWindow(window, dx, dy, upper - lower), preset: 'manual' })
    },
    windowFromRegion(from: Point, to: Point) {
      const { frame, view } = state()
      if (!frame || !view || frame.components === 3) return
      const region = pixelsBetween(from, to, view, imageSizeOf(frame), size())
      if (!region) return
      void measure(region, ({ min, max }) => {
        const window = minMaxWindow({ min, max, lowPercentile: min, highPercentile: max }, frame.attributes.rescale)
        if (window.upper > window.lower) update({ window, preset: 'manual' })
      })
    },
    begin(frame, isAgain) {
      const { frame: shown, preset, window } = state()
      const from = { preset, window }
      const before = shown && { format: shown.format, attributes: shown.attributes }
      const chosen = isAgain ? from : nextWindow(frame, before, from)
      const isFinal = isAgain || frame.kind === 'whole' || !isSingle(frame)
      begun = isFinal ? undefined : { frame, before, from, window: chosen.window }
      return chosen
    },
    refresh() {
      const { frame, preset, window } = state()
      if (frame?.kind !== 'tiles' || !frame.isMeasured || begun?.frame !== frame) return
      const { before, from, window: first } = begun
      begun = undefined
      // What is shown must not depend on whether the tile was here already.
      if (window === first) return update(nextWindow(frame, before, from))
      if (preset !== 'auto' && preset !== 'minmax') return
      const { fileWindows, rescale } = frame.attributes
      update({ window: presetWindow(preset, frame.valueFormat, frame.statistics, fileWindows, rescale) })
    },
  }
}
