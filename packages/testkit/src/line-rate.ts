/**
 * A line of so many bytes a second that all who send share, in the order in which they come.
 * @param burstMs so much of the time in which nobody sent is made up for
 * @returns for a number of bytes: milliseconds from now until they have left
 */
export function createLineRate(bytesPerSecond: number, burstMs = 0): (bytes: number) => number {
  let freeAt = 0
  return (bytes) => {
    const now = performance.now()
    freeAt = Math.max(now - burstMs, freeAt) + (bytes / bytesPerSecond) * 1000
    return freeAt - now
  }
}
