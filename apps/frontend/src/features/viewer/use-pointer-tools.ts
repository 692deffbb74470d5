import { type RefObject, useEffect } from 'react'
import type { Point } from './engine/index.ts'
import type { Tool, ViewerSession } from './viewer-state.ts'

export interface Rectangle {
  from: Point
  to: Point
}

interface Touch {
  at: Point
}

// The right and the middle button, and the wheel, do the same whatever tool is chosen.
const buttonTools: Record<number, Tool | undefined> = { 1: 'pan', 2: 'zoom' }

/** Mouse, pen and fingers on the image. `onArea` gets the rectangle that is being drawn, in CSS pixels. */
export function usePointerTools(
  surface: RefObject<HTMLElement | null>,
  session: ViewerSession | undefined,
  onArea: (area: Rectangle | undefined) => void,
): void {
  useEffect(() => {
    const element = surface.current
    if (!element || !session) return
    const touches = new Map<number, Touch>()
    let drag: { tool: Tool; from: Point; last: Point; rest: number } | undefined
    let wheelRest = 0

    const cssPoint = (event: MouseEvent): Point => {
      const box = element.getBoundingClientRect()
      return { x: event.clientX - box.left, y: event.clientY - box.top }
    }
    const toDevice = ({ x, y }: Point): Point => ({ x: x * devicePixelRatio, y: y * devicePixelRatio })

    function apply(tool: Tool, from: Point, last: Point, at: Point): void {
      if (!session || !drag) return
      const dx = at.x - last.x
      const dy = at.y - last.y
      if (tool === 'window') session.dragWindow(dx, dy)
      else if (tool === 'pan') session.panBy(toDevice({ x: dx, y: dy }))
      else if (tool === 'zoom') session.zoomBy(Math.exp(-dy / 150), toDevice(from))
      else if (tool === 'area') onArea({ from, to: at })
      else {
        drag.rest += dy / 8
        const steps = Math.trunc(drag.rest)
        drag.rest -= steps
        if (steps !== 0) session.step(steps)
      }
    }

    /** Two fingers: their distance zooms about their middle, their middle pans. */
    function pinch(id: number, at: Point): void {
      const other = [...touches].find(([key]) => key !== id)?.[1].at
      const before = touches.get(id)?.at
      if (!session || !other || !before) return
      const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)
      const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 })
      const was = middle(before, other)
      const is = middle(at, other)
      session.panBy(toDevice({ x: is.x - was.x, y: is.y - was.y }))
      if (distance(before, other) > 0) session.zoomBy(distance(at, other) / distance(before, other), toDevice(is))
    }

    const onDown = (event: PointerEvent): void => {
      const at = cssPoint(event)
      element.setPointerCapture(event.pointerId)
      if (event.pointerType === 'touch') touches.set(event.pointerId, { at })
      if (touches.size > 1) {
        drag = undefined
        onArea(undefined)
        return
      }
      const tool = buttonTools[event.button] ?? session.getState().tool
      drag = { tool, from: at, last: at, rest: 0 }
      session.pointAt(toDevice(at))
    }
    const onMove = (event: PointerEvent): void => {
      const at = cssPoint(event)
      if (touches.size > 1) {
        pinch(event.pointerId, at)
        touches.set(event.pointerId, { at })
        return
      }
      if (touches.has(event.pointerId)) touches.set(event.pointerId, { at })
      if (drag) {
        apply(drag.tool, drag.from, drag.last, at)
        drag.last = at
      }
      session.pointAt(toDevice(at))
    }
    const onUp = (event: PointerEvent): void => {
      touches.delete(event.pointerId)
      if (drag?.tool === 'area' && event.type === 'pointerup') {
        const { from, last } = drag
        if (Math.hypot(last.x - from.x, last.y - from.y) > 3) session.windowFromRegion(toDevice(from), toDevice(last))
      }
      onArea(undefined)
      drag = undefined
    }
    const onLeave = (event: PointerEvent): void => {
      if (event.pointerType !== 'touch') session.pointAt(undefined)
    }
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault()
      // Wheels that count lines or pages instead of pixels.
      const pixels = event.deltaY * (event.deltaMode === 0 ? 1 : event.deltaMode === 1 ? 16 : 400)
      const isZoom = event.ctrlKey || event.metaKey || session.getState().tool === 'zoom' || !session.canScroll()
      if (isZoom) {
        session.zoomBy(Math.exp(-Math.max(-300, Math.min(300, pixels)) / 400), toDevice(cssPoint(event)))
        return
      }
      wheelRest += pixels
      // A notch of a mouse is about 100, a trackpad sends many small ones.
      const steps = Math.trunc(wheelRest / 50)
      if (steps === 0) return
      wheelRest = 0
      session.step(Math.max(-3, Math.min(3, steps)) > 0 ? Math.ceil(steps / 2) : Math.floor(steps / 2))
    }
    const noMenu = (event: MouseEvent): void => event.preventDefault()

    element.addEventListener('pointerdown', onDown)
    element.addEventListener('pointermove', onMove)
    element.addEventListener('pointerup', onUp)
    element.addEventListener('pointercancel', onUp)
    element.addEventListener('pointerleave', onLeave)
    element.addEventListener('wheel', onWheel, { passive: false })
    element.addEventListener('contextmenu', noMenu)
    return () => {
      element.removeEventListener('pointerdown', onDown)
      element.removeEventListener('pointermove', onMove)
      element.removeEventListener('pointerup', onUp)
      element.removeEventListener('pointercancel', onUp)
      element.removeEventListener('pointerleave', onLeave)
      element.removeEventListener('wheel', onWheel)
      element.removeEventListener('contextmenu', noMenu)
    }
  }, [surface, session, onArea])
}
