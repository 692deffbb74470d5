import type {
  FrameAddress,
  InstanceInfo,
  Point,
  Progress,
  ShownFrame,
  Size,
  ViewState,
  Window,
  WindowPreset,
} from './engine/index.ts'
import type { PixelReading } from './pixel-reading.ts'
import type { Stack } from './stack.ts'

export type Tool = 'window' | 'zoom' | 'pan' | 'scroll' | 'area'

export interface ViewerState {
  /** Place in the stack from 0; undefined while the instance is not found in it yet. */
  place: number | undefined
  /** Of the instance at `address`, as the list of images says. */
  frameCount: number | undefined
  address: FrameAddress | undefined
  /** What is drawn; while the next frame loads, still the one before. */
  frame: ShownFrame | undefined
  /** Attributes of the instance at `address`, also when it has no pixels. */
  info: InstanceInfo | undefined
  isLoading: boolean
  /** Some of what is in sight is not here in full resolution yet. */
  isRefining: boolean
  /** A tool reads full resolution that is not here yet. */
  isMeasuring: boolean
  /** Why full resolution cannot be had at the moment. */
  fineFault: unknown
  fault: unknown
  progress: Progress | undefined
  view: ViewState | undefined
  /** The view follows the window's size until somebody zooms or pans. */
  isFitted: boolean
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

export const firstState: ViewerState = {
  place: undefined,
  frameCount: undefined,
  address: undefined,
  frame: undefined,
  info: undefined,
  isLoading: true,
  isRefining: false,
  isMeasuring: false,
  fineFault: undefined,
  fault: undefined,
  progress: undefined,
  view: undefined,
  isFitted: true,
  window: { lower: 0, upper: 1 },
  preset: 'auto',
  isInverted: false,
  tool: 'window',
  isPlaying: false,
  fps: 15,
  probe: undefined,
  reading: undefined,
}

/** How an image is shown, without its pixels. */
export type Looks = Pick<
  ViewerState,
  'address' | 'view' | 'isFitted' | 'window' | 'preset' | 'isInverted' | 'tool' | 'fps'
>

export const looksOf = (state: ViewerState): Looks => {
  const { address, view, isFitted, window, preset, isInverted, tool, fps } = state
  return { address, view, isFitted, window, preset, isInverted, tool, fps }
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
  /** Takes the image at hand as it is stored, however much memory that needs. */
  loadWhole: () => void
  resize: () => void
  /** Device pixels. */
  canvasSize: () => Size
  drawnBy: () => 'graphics' | 'processor'
  close: () => void
}
