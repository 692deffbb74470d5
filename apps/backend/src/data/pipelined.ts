/**
 * Sends every statement at once and waits for all answers: none needs the one before it in this process, so a batch costs
 * two round trips, the second for its commit. Of several failures the first counts; the others only say that the
 * transaction is over.
 */
export async function pipelined<T extends readonly Promise<unknown>[]>(
  sent: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(sent)
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>
  }
}
