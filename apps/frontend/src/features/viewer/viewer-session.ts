import {
  Abandoned,
  createFrameStore,
  createStage,
  dragWindow,
  type FrameAddress,
  type FrameStore,
  fitView,
  imageSizeOf,
  initialView,
  type LoadedFrame,
  measureFrame,
  minMaxWindow,
  panBy,
  pixelAt,
  pixelsBetween,
  type Point,
  presetWindow,
  rotateView,
  type Stage,
  type ViewState,
  zoomAt,
} from './engine/index.ts'
import { type PixelReading, readPixel } from './pixel-reading.ts'
import { frameAt, frameCountOf, lengthOf, neighboursOf, placeOf, type Stack } from './stack.ts'
import type { ViewerSession, ViewerState } from './viewer-state.ts'
import { firstWindow, nextWindow } from './window-policy.ts'

const defaultFps = 15
const cacheBytes = 512 * 1024 * 1024
const smallDeviceCacheBytes = 160 * 1024 * 1024

function cacheLimit(): number {
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number }
  return deviceMemory !== undefined && deviceMemory <= 4 ? smallDeviceCacheBytes : cacheBytes
}

/**
 * One open view: which image is shown and how, drawn into `element`. All work is here; the screen only shows the state.
 * @throws {NoGraphics} without WebGL
 */
export function openSession(element: HTMLDivElement, initialStack: Stack): ViewerSession {
  const stage: Stage = createStage(element, {
    onRestored: () => drawSoon(),
    onLost: (fault) => update({ fault, frame: undefined, isLoading: false }),
  })
  const store: FrameStore = createFrameStore({
    maxBytes: cacheLimit(),
    maxTexture: stage.maxTexture,
    onProgress: (address, progress) => {
      if (isCurrent(address)) update({ progress })
    },
    isDoubtful: ({ instance }) => frameCountOf(stack, instance) === 0,
  })
  let stack = initialStack
  let direction: 1 | -1 = 1
  /** The view follows the window's size until somebody zooms or pans. */
  let isFitted = true
  let drawing = 0
  let cine = 0
  let isClosed = false
  let pointer: Point | undefined
  const listeners = new Set<() => void>()
  let state: ViewerState = {
    place: undefined,
    frameCount: undefined,
    address: undefined,
    frame: undefined,
    info: undefined,
    isLoading: true,
    fault: undefined,
    progress: undefined,
    view: undefined,
    window: { lower: 0, upper: 1 },
    preset: 'auto',
    isInverted: false,
    tool: 'window',
    isPlaying: false,
    fps: defaultFps,
    probe: undefined,
    reading: undefined,
  }

  function update(change: Partial<ViewerState>): void {
    if (isClosed) return
    state = { ...state, ...change }
    if ('frame' in change || 'view' in change || 'probe' in change) state.reading = readNow()
    for (const listener of listeners) listener()
    if (change.frame || change.view || change.window || change.isInverted !== undefined) drawSoon()
  }

  /** Many changes between two pictures of the screen are one drawing. */
  function drawSoon(): void {
    if (drawing !== 0) return
    drawing = requestAnimationFrame(() => {
      drawing = 0
      const { frame, view, window, isInverted } = state
      if (frame && view) stage.draw(frame, { view, window, isInverted })
    })
  }

  const isCurrent = (address: FrameAddress): boolean =>
    state.address?.instance === address.instance && state.address.frame === address.frame

  async function load(address: FrameAddress): Promise<void> {
    const here = store.peek(address)
    const showing = store.show(address)
    update({
      address,
      place: placeOf(stack, address.instance, address.frame),
      frameCount: frameCountOf(stack, address.instance),
      isLoading: here === undefined,
      fault: undefined,
      progress: undefined,
      ...(state.address?.instance === address.instance ? {} : { info: undefined }),
    })
    prefetch()
    store.instance(address).then(
      (info) => {
        if (isCurrent(address)) update({ info })
      },
      () => undefined,
    )
    try {
      const frame = here ?? (await showing)
      if (isCurrent(address)) present(frame)
    } catch (fault) {
      if (!isCurrent(address) || fault instanceof Abandoned) return
      stage.clear()
      update({ isLoading: false, fault, frame: undefined, progress: undefined })
    }
  }

  function prefetch(): void {
    const { place, isPlaying } = state
    if (place === undefined) store.prefetch([])
    else store.prefetch(neighboursOf(stack, place, direction, isPlaying ? 16 : 8, isPlaying ? 0 : 3))
  }

  function present(frame: LoadedFrame): void {
    const before = state.frame
    const image = imageSizeOf(frame)
    const isSameShape = before !== undefined && isEqualSize(imageSizeOf(before), image)
    const view = state.view && isSameShape ? state.view : initialView(image, stage.size())
    if (!isSameShape) isFitted = true
    update({ frame, view, isLoading: false, progress: undefined, ...nextWindow(frame, before, state) })
  }

  const changeView = (change: (view: ViewState, frame: LoadedFrame) => ViewState, fitted = false): void => {
    const { frame, view } = state
    if (!frame || !view) return
    isFitted = fitted
    update({ view: change(view, frame) })
  }

  function readNow(): PixelReading | undefined {
    const { frame, view, probe } = state
    if (!frame || !view) return undefined
    const pixel = pointer ? pixelAt(pointer, view, imageSizeOf(frame), stage.size()) : probe
    return pixel && readPixel(frame, pixel)
  }

  const middle = (): Point => ({ x: stage.size().width / 2, y: stage.size().height / 2 })

  function goTo(place: number): void {
    const address = frameAt(stack, Math.min(lengthOf(stack) - 1, Math.max(0, place)))
    if (!address || isCurrent(address)) return
    if (state.place !== undefined) direction = place >= state.place ? 1 : -1
    void load(address)
  }

  function tick(last: number): void {
    cine = requestAnimationFrame((now) => {
      if (!state.isPlaying) return
      const isDue = now - last >= 1000 / state.fps - 2
      const next = frameAt(stack, ((state.place ?? -1) + 1) % Math.max(1, lengthOf(stack)))
      // A frame that is not here yet is waited for, not left out.
      if (isDue && next && !state.isLoading) {
        direction = 1
        void load(next)
        tick(now)
      } else tick(last)
    })
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setStack(next) {
      stack = next
      const { address } = state
      if (address) {
        update({
          place: placeOf(stack, address.instance, address.frame),
          frameCount: frameCountOf(stack, address.instance),
        })
        prefetch()
      }
    },
    open(instance, frame) {
      const address = { study: stack.study, series: stack.series, instance, frame }
      if (!isCurrent(address)) void load(address)
    },
    goTo,
    step: (by) => goTo((state.place ?? 0) + by),
    canScroll: () => lengthOf(stack) > 1,
    setTool: (tool) => update({ tool }),
    setPreset(preset) {
      const { frame } = state
      if (!frame) return
      const { statistics } = frame.image
      const { fileWindows, rescale } = frame.attributes
      update({ preset, window: presetWindow(preset, frame.image.values.format, statistics, fileWindows, rescale) })
    },
    setWindow: (window) => update({ window, preset: 'manual' }),
    dragWindow(dx, dy) {
      const { frame, window } = state
      if (!frame || frame.image.display.components === 3) return
      const { lower, upper } = minMaxWindow(frame.image.statistics, frame.attributes.rescale)
      update({ window: dragWindow(window, dx, dy, upper - lower), preset: 'manual' })
    },
    windowFromRegion(from, to) {
      const { frame, view } = state
      if (!frame || !view || frame.image.display.components === 3) return
      const region = pixelsBetween(from, to, view, imageSizeOf(frame), stage.size())
      if (!region) return
      const { samples, format } = frame.image.values
      const statistics = measureFrame(samples, format, frame.attributes.padding, region)
      const window = minMaxWindow(statistics, frame.attributes.rescale)
      if (window.upper > window.lower) update({ window, preset: 'manual' })
    },
    invert: () => update({ isInverted: !state.isInverted }),
    zoomBy: (factor, at = middle()) =>
      changeView((view, frame) => zoomAt(view, view.zoom * factor, at, imageSizeOf(frame), stage.size())),
    panBy: (delta) => changeView((view, frame) => panBy(view, delta, imageSizeOf(frame), stage.size())),
    fit: () => changeView((view, frame) => fitView(view, imageSizeOf(frame), stage.size()), true),
    oneToOne: () => changeView((view, frame) => zoomAt(view, 1, middle(), imageSizeOf(frame), stage.size())),
    rotate() {
      const wasFitted = isFitted
      changeView((view, frame) => {
        const turned = rotateView(view)
        return wasFitted ? fitView(turned, imageSizeOf(frame), stage.size()) : turned
      }, wasFitted)
    },
    flip(way) {
      changeView(
        (view) =>
          way === 'horizontal'
            ? { ...view, flipHorizontal: !view.flipHorizontal }
            : { ...view, flipVertical: !view.flipVertical },
        isFitted,
      )
    },
    reset() {
      const { frame } = state
      if (!frame) return
      isFitted = true
      update({ isInverted: false, view: initialView(imageSizeOf(frame), stage.size()), ...firstWindow(frame) })
    },
    play(isPlaying) {
      cancelAnimationFrame(cine)
      update({ isPlaying: isPlaying && lengthOf(stack) > 1 })
      prefetch()
      if (state.isPlaying) tick(performance.now())
    },
    setFps: (fps) => update({ fps: Math.min(60, Math.max(1, fps)) }),
    pointAt(at) {
      pointer = at
      if (at && state.probe) update({ probe: undefined })
      else if (at || state.reading) update({ reading: readNow() })
    },
    moveProbe(dx, dy) {
      const { frame, view, probe, reading } = state
      if (!frame || !view) return
      pointer = undefined
      const from = probe ?? reading ?? { x: Math.round(view.centre.x) - dx, y: Math.round(view.centre.y) - dy }
      const { columns, rows } = frame.format
      const within = (value: number, count: number): number => Math.min(count - 1, Math.max(0, value))
      update({ probe: { x: within(from.x + dx, columns), y: within(from.y + dy, rows) } })
    },
    retry() {
      if (state.address) void load(state.address)
    },
    resize() {
      stage.resize()
      const { frame, view } = state
      if (!frame || !view) return
      update({ view: isFitted ? fitView(view, imageSizeOf(frame), stage.size()) : { ...view } })
    },
    canvasSize: stage.size,
    close() {
      isClosed = true
      cancelAnimationFrame(drawing)
      cancelAnimationFrame(cine)
      listeners.clear()
      store.close()
      stage.close()
    },
  }
}

const isEqualSize = (a: { columns: number; rows: number; aspect: number }, b: typeof a): boolean =>
  a.columns === b.columns && a.rows === b.rows && a.aspect === b.aspect
