import { inStore } from '../../browser-store.ts'
import type { Drawing } from './engine/index.ts'

/** Of this browser on this machine, whoever sits before it. */
const storageKey = 'instandt-drawing'

export const drawings: readonly Drawing[] = ['automatic', 'graphics', 'processor']

export function chosenDrawing(): Drawing {
  const chosen = inStore((storage) => storage.getItem(storageKey))
  return drawings.find((drawing) => drawing === chosen) ?? 'automatic'
}

export function keepDrawing(drawing: Drawing): void {
  inStore((storage) => storage.setItem(storageKey, drawing))
}
