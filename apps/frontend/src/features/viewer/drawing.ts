import type { Drawing } from './engine/index.ts'

/** Of this browser on this machine, whoever sits before it. */
const storageKey = 'instandt-drawing'

export const drawings: readonly Drawing[] = ['automatic', 'graphics', 'processor']

/** Some browsers are set to keep nothing, and throw: then a choice holds for the page. */
function stored<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(localStorage)
  } catch {
    return undefined
  }
}

export function chosenDrawing(): Drawing {
  const chosen = stored((storage) => storage.getItem(storageKey))
  return drawings.find((drawing) => drawing === chosen) ?? 'automatic'
}

export function keepDrawing(drawing: Drawing): void {
  stored((storage) => storage.setItem(storageKey, drawing))
}
