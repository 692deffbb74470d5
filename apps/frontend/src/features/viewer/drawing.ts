import type { Drawing } from './engine/index.ts'

/** Of this browser on this machine, whoever sits before it. */
const storageKey = 'instandt-drawing'

export const drawings: readonly Drawing[] = ['automatic', 'graphics', 'processor']

export const chosenDrawing = (): Drawing =>
  drawings.find((drawing) => drawing === localStorage.getItem(storageKey)) ?? 'automatic'

export const chooseDrawing = (drawing: Drawing): void => localStorage.setItem(storageKey, drawing)
