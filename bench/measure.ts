import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { freemem } from 'node:os'

export interface Load {
  /** How often the work runs at most. */
  count: number
  concurrency: number
  /** Stops starting new work after this time (seconds). */
  maxSeconds?: number
}

export interface Timing {
  runs: number
  seconds: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p95: number
  p99: number
}

/** Runs the work with bounded count, time and concurrency; a failing run fails the measurement. */
export async function measure(load: Load, work: (index: number) => Promise<void>): Promise<Timing> {
  const latencies: number[] = []
  let next = 0
  const started = performance.now()
  const deadline = started + (load.maxSeconds ?? 60) * 1000
  const worker = async (): Promise<void> => {
    while (next < load.count && performance.now() < deadline) {
      const index = next
      next += 1
      const begun = performance.now()
      await work(index)
      latencies.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: load.concurrency }, worker))
  const seconds = (performance.now() - started) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return {
    runs: latencies.length,
    seconds,
    perSecond: latencies.length / seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
  }
}

/** Of an even number of values the lower one of the middle: never better than measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0
}

interface ProcessStat {
  parent: number
  ticks: number
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // Own time and that of children already waited for.
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0)
    return { parent: Number(fields[1]), ticks }
  } catch {
    return undefined
  }
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid])
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

/** CPU seconds of a process and all below it; 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  return descendants(pid).reduce((sum, each) => sum + (readStat(each)?.ticks ?? 0), 0) / 100
}

/** Starts a fresh peak for every process below `pid`. */
export function resetPeak(pid: number): void {
  for (const each of descendants(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5')
    } catch (error) {
      if (!['ENOENT', 'EACCES', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** Highest resident memory of the process itself since resetPeak, in MiB. */
export function peakMemory(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) / 1024
}

const gibi = 2 ** 30

/**
 * Touches memory that is free: the host of a virtual machine gives each page only then, in a millisecond a MiB, and the
 * first server to store something would pay for it.
 */
export function touchMemory(): void {
  const touched: Buffer[] = []
  for (let left = Math.min(freemem() / 2, 8 * gibi); left >= gibi / 4; left -= gibi / 4)
    touched.push(Buffer.alloc(gibi / 4, 1))
}
