// A disk that takes longer than this for a flush does not hold the locks of a study meanwhile.
const longestWaitMs = 250

/** The bytes of a row. */
export interface Bytes {
  durable: Promise<unknown> | undefined
  isDurable: boolean
}

/** Bytes of a row are not durable yet, or will not be. */
export class NotDurable extends Error {
  readonly isLate: boolean

  constructor(isLate: boolean, options?: ErrorOptions) {
    super('bytes are not durable', options)
    this.isLate = isLate
  }
}

/** Waits for the bytes of all rows of a transaction. @throws NotDurable when one fails, or takes too long */
export async function untilDurable(batch: readonly Bytes[]): Promise<void> {
  if (batch.every(({ isDurable }) => isDurable)) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new NotDurable(true)), longestWaitMs)
  })
  try {
    await Promise.race([Promise.all(batch.flatMap(({ durable }) => durable ?? [])), late])
  } catch (cause) {
    throw cause instanceof NotDurable ? cause : new NotDurable(false, { cause })
  } finally {
    clearTimeout(timer)
  }
}
