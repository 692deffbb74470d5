import {
  Abandoned,
  autoWindow,
  canvasToImage,
  createFrameStore,
  createStage,
  dragWindow,
  type FrameAddress,
  type FrameStore,
  firstPreset,
  fitView,
  imageSizeOf,
  initialView,
  type InstanceInfo,
  type LoadedFrame,
  measureFrame,
  minMaxWindow,
  panBy,
  pixelAt,
  type Point,
  presetWindow,
  type Progress,
  type Region,
  rescaled,
  rotateView,
  type Size,
  type Stage,
  storedValuesAt,
  type ViewState,
  type Window,
  type WindowPreset,
  windowOfFile,
  zoomAt,
} from './engine/index.ts'
import { frameAt, frameCountOf, lengthOf, neighboursOf, placeOf, type Stack } from './stack.ts'

export type Tool = 'window' | 'zoom' | 'pan' | 'scroll' | 'area'

export interface ViewerState {
  /** Place in the stack from 0; undefined while the instance is not found in it yet. */
  place: number | undefined
  /** Of the instance at `address`, as the list of images says. */
  frameCount: number | undefined
  address: FrameAddress | undefined
  /** What is drawn; while the next frame loads, still the one before. */
  frame: LoadedFrame | undefined
  /** Attributes of the instance at `address`, also when it has no pixels. */
  info: InstanceInfo | undefined
  isLoading: boolean
  fault: unknown
  progress: Progress | undefined
  view: ViewState | undefined
  window: Window
  preset: WindowPreset | 'manual'
  isInverted: boolean
  tool: Tool
  isPlaying: boolean
  fps: number
  /** Image pixel that the keyboard points at. */
  probe: Point | undefined
  /** Under the mouse, or at the probe. */
  reading: PixelReading | undefined
}

/** What is under the cursor. */
export interface PixelReading {
  x: number
  y: number
  stored: number[]
  /** Of the first sample, when the file has a rescale or a Modality LUT. */
  rescaled: number | undefined
}

export interface ViewerSession {
  getState: () => ViewerState
  subscribe: (listener: () => void) => () => void
  setStack: (stack: Stack) => void
  open: (instance: string, frame: number) => void
  goTo: (place: number) => void
  step: (by: number) => void
  /** Is there more than one image? */
  canScroll: () => boolean
  setTool: (tool: Tool) => void
  setPreset: (preset: WindowPreset) => void
  setWindow: (window: Window) => void
  dragWindow: (dx: number, dy: number) => void
  windowFromRegion: (from: Point, to: Point) => void
  invert: () => void
  zoomBy: (factor: number, at?: Point) => void
  panBy: (delta: Point) => void
  fit: () => void
  oneToOne: () => void
  rotate: () => void
  flip: (direction: 'horizontal' | 'vertical') => void
  reset: () => void
  play: (isPlaying: boolean) => void
  setFps: (fps: number) => void
  /** The mouse is over this point of the canvas (device pixels), or has left it. */
  pointAt: (at: Point | undefined) => void
  /** Moves the pixel that the keyboard points at; the first time it appears in the middle. */
  moveProbe: (dx: number, dy: number) => void
  /** Tries the image again that could not be loaded. */
  retry: () => void
  resize: () => void
  /** Device pixels. */
  canvasSize: () => Size
  close: () => void
}

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
    update({ frame, view, isLoading: false, progress: undefined, ...nextWindow(frame, before) })
  }

  /** The window stays while scrolling, unless the file has its own for each image or the values lie elsewhere. */
  function nextWindow(frame: LoadedFrame, before: LoadedFrame | undefined): Partial<ViewerState> {
    const { statistics } = frame.image
    const { rescale, fileWindows } = frame.attributes
    const isSameKind = before !== undefined && kindOf(before) === kindOf(frame)
    if (!isSameKind) {
      const preset = firstPreset(fileWindows, statistics, rescale)
      return { preset, window: presetWindow(preset, frame.image.values.format, statistics, fileWindows, rescale) }
    }
    const { preset, window } = state
    if (preset === 'manual') return {}
    const own = preset.startsWith('file-') ? fileWindows[Number(preset.slice(5))] : undefined
    if (own) return { window: windowOfFile(own) }
    return overlap(window, autoWindow(statistics, rescale)) < 0.5
      ? { preset: 'auto', window: autoWindow(statistics, rescale) }
      : {}
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
    const stored = pixel && storedValuesAt(frame.image.stored, frame.format, pixel.x, pixel.y)
    if (!pixel || !stored) return undefined
    return { x: pixel.x, y: pixel.y, stored, rescaled: meaningOf(frame, pixel, stored[0]) }
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

  const session: ViewerSession = {
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
      const region = regionBetween(from, to, frame, view, stage)
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
      const preset = firstPreset(frame.attributes.fileWindows, frame.image.statistics, frame.attributes.rescale)
      update({ isInverted: false, view: initialView(imageSizeOf(frame), stage.size()) })
      session.setPreset(preset)
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
  return session
}

/** The value after rescale or Modality LUT; undefined when the file has neither. */
function meaningOf(
  { image, format, attributes }: LoadedFrame,
  { x, y }: Point,
  stored: number | undefined,
): number | undefined {
  const { values } = image
  if (values.samples !== image.stored) return storedValuesAt(values.samples, format, x, y)?.[0]
  return attributes.rescale && stored !== undefined ? rescaled(stored, attributes.rescale) : undefined
}

const isEqualSize = (a: { columns: number; rows: number; aspect: number }, b: typeof a): boolean =>
  a.columns === b.columns && a.rows === b.rows && a.aspect === b.aspect

/** Images of one kind share a window. */
function kindOf({ format, attributes }: LoadedFrame): string {
  const { slope, intercept, type } = attributes.rescale ?? { slope: 1, intercept: 0, type: '' }
  return [format.photometric, format.bitsStored, format.isSigned, format.kind, slope, intercept, type].join()
}

/** Share of the wider of two windows that both have. */
function overlap(a: Window, b: Window): number {
  const common = Math.min(a.upper, b.upper) - Math.max(a.lower, b.lower)
  const widest = Math.max(a.upper - a.lower, b.upper - b.lower)
  return widest > 0 ? Math.max(0, common) / widest : 1
}

function regionBetween(from: Point, to: Point, frame: LoadedFrame, view: ViewState, stage: Stage): Region | undefined {
  const image = imageSizeOf(frame)
  const inside = (point: Point): Point => {
    const at = canvasToImage(point, view, image, stage.size())
    return { x: Math.floor(at.x + 0.5), y: Math.floor(at.y + 0.5) }
  }
  const a = inside(from)
  const b = inside(to)
  const clamp = (value: number, limit: number): number => Math.min(limit, Math.max(0, value))
  const region = {
    left: clamp(Math.min(a.x, b.x), image.columns),
    top: clamp(Math.min(a.y, b.y), image.rows),
    right: clamp(Math.max(a.x, b.x) + 1, image.columns),
    bottom: clamp(Math.max(a.y, b.y) + 1, image.rows),
  }
  return region.right > region.left && region.bottom > region.top ? region : undefined
}
