import os from 'node:os'

export interface MemoryBudget {
  /** Waits its turn; work that needs more than there is at all gets everything, alone. */
  use<T>(bytes: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

interface Waiting {
  bytes: number
  begin: () => void
}

/** Keeps the memory of frames that are on their way within a bound: first come, first served. */
export function createMemoryBudget(total: number): MemoryBudget {
  let free = total
  const queue: Waiting[] = []

  const advance = (): void => {
    for (let first = queue[0]; first && first.bytes <= free; first = queue[0]) {
      queue.shift()
      free -= first.bytes
      first.begin()
    }
  }

  return {
    async use(wanted, work, signal) {
      const bytes = Math.min(wanted, total)
      await new Promise<void>((resolve, reject) => {
        const waiting = { bytes, begin: resolve }
        queue.push(waiting)
        signal?.addEventListener('abort', () => {
          const at = queue.indexOf(waiting)
          if (at < 0) return
          queue.splice(at, 1)
          reject(signal.reason as Error)
          advance()
        })
        advance()
      })
      try {
        return await work()
      } finally {
        free += bytes
        advance()
      }
    },
  }
}

/** Bytes this process may use: of its container, else of the machine. */
export function memoryOfProcess(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < os.totalmem() ? limit : os.totalmem()
}
