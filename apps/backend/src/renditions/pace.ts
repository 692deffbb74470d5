import os from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Waited for before every piece of background work. */
export type Pace = () => Promise<void>

export interface PaceOptions {
  /** Share of the processors, 0 to 1, that work of ordinary priority takes; above it background work holds back. */
  busyAbove?: number
  /** Milliseconds that one piece is held back at most: under lasting load the work goes on, slowly. */
  longest?: number
  /** Since the machine's start, in the same unit: what ordinary work took, and all time there was. */
  read?: () => { busy: number; total: number }
}

const stepMs = 200

/** Low priority leaves others the processor, but not the disk nor the memory's speed: while much is asked, we also wait. */
export function createPace({ busyAbove = 0.7, longest = 2000, read = readProcessors }: PaceOptions = {}): Pace {
  let before = read()
  return async () => {
    for (let waited = 0; waited < longest; waited += stepMs) {
      const now = read()
      const total = now.total - before.total
      // Too short a time says nothing.
      const share = total > 0 ? (now.busy - before.busy) / total : 0
      if (total > 0) before = now
      if (share <= busyAbove) return
      await delay(stepMs)
    }
  }
}

/** Our own threads count as nice: they are not among the busy. */
function readProcessors(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of os.cpus()) {
    busy += times.user + times.sys + times.irq
    total += times.user + times.sys + times.irq + times.nice + times.idle
  }
  return { busy, total }
}
