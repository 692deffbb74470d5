import { useEffect } from 'react'
import type { ViewerSession } from './viewer-state.ts'

interface KeyTargets {
  onBack: () => void
  onHelp: () => void
}

const isSlider = (target: EventTarget | null): boolean => target instanceof HTMLInputElement && target.type === 'range'

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  !isSlider(target) &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

// On these, keys have a meaning of their own.
const isControl = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="menu"], [role="dialog"], [role="listbox"]') !== null

/** Keys of the whole viewer; caught before the app's own, some of which are the same letters. */
export function useViewerKeys(session: ViewerSession | undefined, { onBack, onHelp }: KeyTargets): void {
  useEffect(() => {
    if (!session) return
    const keys: Record<string, () => void> = {
      w: () => session.setTool('window'),
      z: () => session.setTool('zoom'),
      p: () => session.setTool('pan'),
      s: () => session.setTool('scroll'),
      a: () => session.setTool('area'),
      i: () => session.invert(),
      f: () => session.fit(),
      r: () => session.rotate(),
      h: () => session.flip('horizontal'),
      v: () => session.flip('vertical'),
      '0': () => session.reset(),
      '1': () => session.oneToOne(),
      '+': () => session.zoomBy(1.25),
      '-': () => session.zoomBy(1 / 1.25),
      ' ': () => session.play(!session.getState().isPlaying),
      ArrowDown: () => session.step(1),
      ArrowRight: () => session.step(1),
      ArrowUp: () => session.step(-1),
      ArrowLeft: () => session.step(-1),
      PageDown: () => session.step(10),
      PageUp: () => session.step(-10),
      Home: () => session.goTo(0),
      End: () => session.goTo(Number.MAX_SAFE_INTEGER),
      Escape: onBack,
      '?': onHelp,
    }
    const probeMoves: Record<string, [number, number]> = {
      ArrowDown: [0, 1],
      ArrowUp: [0, -1],
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isControl(event.target)) return
      if (document.querySelector('[role="dialog"]') !== null) return
      // The space bar presses a button that has the focus.
      if (event.key === ' ' && event.target instanceof HTMLElement && event.target.closest('button, a') !== null) return
      // The slider of the stack moves by itself.
      if (isSlider(event.target) && event.key.length > 1 && event.key !== 'Escape') return
      const move = event.shiftKey ? probeMoves[event.key] : undefined
      const run = move
        ? () => session.moveProbe(...move)
        : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
      if (!run) return
      event.preventDefault()
      event.stopPropagation()
      run()
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [session, onBack, onHelp])
}
