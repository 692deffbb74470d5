/** What this browser keeps. Some are set to keep nothing, and throw: then a choice holds for the page. */
export function inStore<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(localStorage)
  } catch {
    return undefined
  }
}
