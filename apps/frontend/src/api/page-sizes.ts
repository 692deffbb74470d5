/** Images of a view that are listed at once. */
export const instancePageSize = 250
