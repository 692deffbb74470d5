import {
  fitView,
  imageSizeOf,
  panBy,
  rotateView,
  type ShownFrame,
  type Size,
  type ViewState,
  zoomAt,
} from './engine/index.ts'
import type { ViewerSession, ViewerState } from './viewer-state.ts'

interface ViewToolsDeps {
  state: () => ViewerState
  update: (change: Partial<ViewerState>) => void
  /** Device pixels. */
  size: () => Size
}

type ViewTools = Pick<ViewerSession, 'zoomBy' | 'panBy' | 'fit' | 'oneToOne' | 'rotate' | 'flip'> & {
  /** The canvas has another size. */
  follow(): void
}

/** Zoom, place and orientation of what is shown. */
export function createViewTools({ state, update, size }: ViewToolsDeps): ViewTools {
  const change = (changed: (view: ViewState, frame: ShownFrame) => ViewState, isFitted = false): void => {
    const { frame, view } = state()
    if (frame && view) update({ view: changed(view, frame), isFitted })
  }
  const middle = () => ({ x: size().width / 2, y: size().height / 2 })

  return {
    zoomBy: (factor, at = middle()) =>
      change((view, frame) => zoomAt(view, view.zoom * factor, at, imageSizeOf(frame), size())),
    panBy: (delta) => change((view, frame) => panBy(view, delta, imageSizeOf(frame), size())),
    fit: () => change((view, frame) => fitView(view, imageSizeOf(frame), size()), true),
    oneToOne: () => change((view, frame) => zoomAt(view, 1, middle(), imageSizeOf(frame), size())),
    rotate() {
      const { isFitted } = state()
      change((view, frame) => {
        const turned = rotateView(view)
        return isFitted ? fitView(turned, imageSizeOf(frame), size()) : turned
      }, isFitted)
    },
    flip(way) {
      change(
        (view) =>
          way === 'horizontal'
            ? { ...view, flipHorizontal: !view.flipHorizontal }
            : { ...view, flipVertical: !view.flipVertical },
        state().isFitted,
      )
    },
    follow() {
      const { isFitted } = state()
      change((view, frame) => (isFitted ? fitView(view, imageSizeOf(frame), size()) : { ...view }), isFitted)
    },
  }
}
