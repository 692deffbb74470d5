let files: readonly File[] = []

/** Files that were dropped among others, on their way to the page that converts them. */
export function handOver(some: readonly File[]): void {
  files = some
}

/** Those handed over, once. */
export function takeHandedOver(): readonly File[] {
  const taken = files
  files = []
  return taken
}
