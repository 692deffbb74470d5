const firstSeconds = 5
const longestSeconds = 2 * 3600

/** Days of nothing but failures after which a webhook is given up. */
export const giveUpDays = 5

/**
 * Seconds until the next attempt: 5, 20, 80 … up to two hours, each a quarter more or less, so that receivers that failed
 * together are not all called together again.
 * @param asked seconds the receiver wants; taken when it is longer, up to the longest
 */
export function retryDelay(failures: number, asked: number | undefined, random = Math.random): number {
  const grown = Math.min(firstSeconds * 4 ** (failures - 1), longestSeconds)
  const spread = grown * (0.75 + random() / 2)
  return Math.max(spread, Math.min(asked ?? 0, longestSeconds))
}
