import {
  Abandoned,
  createFrameStore,
  createStage,
  type Drawing,
  type FrameAddress,
  type FrameStore,
  imageSizeOf,
  initialView,
  pixelAt,
  type Point,
  refine,
  ScreenImageMissing,
  type ShownFrame,
  type Stage,
  type ViewState,
} from './engine/index.ts'
import { createCine } from './cine.ts'
import { memoryLimits } from './memory-limits.ts'
import { createValueFetcher, type PixelReading, readPixel } from './pixel-reading.ts'
import { waitForScreenImage } from './screen-image-wait.ts'
import {
  farFrom,
  frameAt,
  frameCountOf,
  isLargeIn,
  isTiledIn,
  lengthOf,
  neighboursOf,
  placeOf,
  type Stack,
} from './stack.ts'
import { createViewTools } from './view-tools.ts'
import { firstState, type Looks, type ViewerSession, type ViewerState } from './viewer-state.ts'
import { firstWindow } from './window-policy.ts'
import { createWindowTools } from './window-tools.ts'

/** So long an image that is opened by its address waits for the list to say how it is best fetched. */
const listMs = 3000

/**
 * One open view: which image is shown and how, drawn into `element`. All work is here; the screen only shows the state.
 * @param earlier how a session before it showed its image: if that is the first one here, it is shown in the same way
 */
export function openSession(
  element: HTMLDivElement,
  initialStack: Stack,
  drawing: Drawing,
  earlier?: Looks,
): ViewerSession {
  const stage: Stage = createStage(element, drawing, {
    onRestored: () => drawSoon(),
    onLost: (fault) => update({ fault, frame: undefined, isLoading: false }),
  })
  const store: FrameStore = createFrameStore({
    ...memoryLimits(),
    maxTexture: stage.maxTexture,
    onProgress: (address, progress) => {
      if (isCurrent(address)) update({ progress })
    },
    isDoubtful: ({ instance }) => frameCountOf(stack, instance) === 0 || isLargeIn(stack, instance),
    isWholeWanted: ({ instance }) => wholeWanted.has(instance),
    // The list says so; it is on its way when an image is opened by its address.
    isTiled: async ({ instance }) => {
      await hasStack
      return isTiledIn(stack, instance)
    },
    onTile: () => {
      drawSoon()
      tileCame()
    },
    // Meanwhile; whoever shows the frame waits for it, and says why it cannot be had.
    onWhole: () => void stage.prepare().catch(() => undefined),
  })
  let stack = initialStack
  let stackCame: () => void = () => undefined
  const hasStack = new Promise<void>((resolve) => {
    stackCame = resolve
    setTimeout(resolve, listMs)
  })
  let direction: 1 | -1 = 1
  let scheduled = 0
  let isClosed = false
  /** Too large to be fetched whole unasked; somebody asked. */
  const wholeWanted = new Set<string>()
  let stopWaiting: () => void = () => undefined
  let pointer: Point | undefined
  const listeners = new Set<() => void>()
  let state: ViewerState = { ...firstState, ...earlier, address: undefined }
  const cine = createCine(
    () => state.fps,
    () => !state.isLoading,
    () => {
      const next = frameAt(stack, ((state.place ?? -1) + 1) % Math.max(1, lengthOf(stack)))
      direction = 1
      if (next) void load(next)
    },
  )
  const windowTools = createWindowTools({ state: () => state, update, size: stage.size })
  const viewTools = createViewTools({ state: () => state, update, size: stage.size })
  const values = createValueFetcher(() => update({ reading: readNow() }))

  function update(change: Partial<ViewerState>): void {
    if (isClosed) return
    state = { ...state, ...change }
    if ('frame' in change || 'view' in change || 'probe' in change) state.reading = readNow()
    values.follow(state.frame, state.reading)
    for (const listener of listeners) listener()
    if (change.frame || change.view || change.window || change.isInverted !== undefined) drawSoon()
  }

  /** Many changes between two pictures of the screen are one drawing. */
  function drawSoon(): void {
    if (scheduled !== 0) return
    scheduled = requestAnimationFrame(() => {
      scheduled = 0
      const { frame, view, window, isInverted } = state
      if (!frame || !view) return
      stage.draw(frame, { view, window, isInverted })
      refineNow(frame, view)
    })
  }

  /** What the drawing lacked is asked for; neighbours go on once it is here. */
  function refineNow(frame: ShownFrame, view: ViewState): void {
    const { place } = state
    const next = place === undefined || state.isLoading ? [] : neighboursOf(stack, place, direction, 2, 1)
    const isRefining = refine(store.tiles, stage, frame, view, next.map(store.peek))
    const fineFault = store.tiles.failure()
    if (isRefining === state.isRefining && fineFault === state.fineFault) return
    update({ isRefining, fineFault })
    if (!isRefining) prefetch()
  }

  function tileCame(): void {
    if (state.reading && !state.reading.values) update({ reading: readNow() })
    windowTools.refresh()
  }

  const isCurrent = (address: FrameAddress): boolean =>
    state.address?.instance === address.instance && state.address.frame === address.frame

  async function load(address: FrameAddress): Promise<void> {
    windowTools.stop()
    stopWaiting()
    const here = store.peek(address)
    const showing = store.show(address)
    update({
      address,
      place: placeOf(stack, address.instance, address.frame),
      frameCount: frameCountOf(stack, address.instance),
      isLoading: here === undefined || !stage.canDraw(here),
      fault: undefined,
      progress: undefined,
      ...(state.address?.instance === address.instance ? {} : { info: undefined }),
    })
    // The image before needs nothing any more.
    if (!here) store.tiles.want([], 0)
    prefetch()
    store.instance(address).then(
      (info) => {
        if (isCurrent(address)) update({ info })
      },
      () => undefined,
    )
    try {
      const frame = here ?? (await showing)
      if (!stage.canDraw(frame)) await stage.prepare()
      if (isCurrent(address)) present(frame)
    } catch (fault) {
      if (!isCurrent(address) || fault instanceof Abandoned) return
      stage.clear()
      update({ isLoading: false, fault, frame: undefined, progress: undefined })
      if (fault instanceof ScreenImageMissing && fault.isComing && !isClosed)
        stopWaiting = waitForScreenImage(store, address, again)
    }
  }

  function again(): void {
    if (!state.address) return
    store.forget()
    void load(state.address)
  }

  function prefetch(): void {
    const { place, isPlaying } = state
    if (place === undefined) return store.prefetch([])
    const near = neighboursOf(stack, place, direction, isPlaying ? 16 : 8, isPlaying ? 0 : 3)
    store.prefetch(near, farFrom(stack, place, direction))
  }

  function present(frame: ShownFrame): void {
    const before = state.frame
    const image = imageSizeOf(frame)
    const isAgain = earlier?.address !== undefined && isCurrent(earlier.address)
    earlier = undefined
    const isSameShape = isAgain || (before !== undefined && isEqualSize(imageSizeOf(before), image))
    const view = state.view && isSameShape ? state.view : initialView(image, stage.size())
    const isFitted = state.isFitted || !isSameShape
    // Known once it is drawn.
    const isRefining = frame.kind === 'tiles'
    update({
      frame,
      view,
      isFitted,
      isLoading: false,
      isRefining,
      fineFault: undefined,
      progress: undefined,
      ...windowTools.begin(frame, isAgain),
    })
  }

  function readNow(): PixelReading | undefined {
    const { frame, view, probe } = state
    if (!frame || !view) return undefined
    const pixel = pointer ? pixelAt(pointer, view, imageSizeOf(frame), stage.size()) : probe
    return pixel && readPixel(frame, pixel)
  }

  function goTo(place: number): void {
    const address = frameAt(stack, Math.min(lengthOf(stack) - 1, Math.max(0, place)))
    if (!address || isCurrent(address)) return
    if (state.place !== undefined) direction = place >= state.place ? 1 : -1
    void load(address)
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    setStack(next) {
      stack = next
      if (lengthOf(stack) > 0) stackCame()
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
    setPreset: windowTools.setPreset,
    setWindow: windowTools.setWindow,
    dragWindow: windowTools.dragWindow,
    windowFromRegion: windowTools.windowFromRegion,
    invert: () => update({ isInverted: !state.isInverted }),
    ...viewTools,
    reset() {
      const { frame } = state
      if (!frame) return
      windowTools.stop()
      const view = initialView(imageSizeOf(frame), stage.size())
      update({ isInverted: false, view, isFitted: true, ...firstWindow(frame) })
    },
    play(isPlaying) {
      update({ isPlaying: isPlaying && lengthOf(stack) > 1 })
      prefetch()
      if (state.isPlaying) cine.start()
      else cine.stop()
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
    retry: again,
    loadWhole() {
      if (state.address) wholeWanted.add(state.address.instance)
      again()
    },
    resize() {
      stage.resize()
      viewTools.follow()
    },
    canvasSize: stage.size,
    drawnBy: stage.drawnBy,
    close() {
      isClosed = true
      cancelAnimationFrame(scheduled)
      cine.stop()
      windowTools.stop()
      values.stop()
      stopWaiting()
      stackCame()
      listeners.clear()
      store.close()
      stage.close()
    },
  }
}

const isEqualSize = (a: { columns: number; rows: number; aspect: number }, b: typeof a): boolean =>
  a.columns === b.columns && a.rows === b.rows && a.aspect === b.aspect
