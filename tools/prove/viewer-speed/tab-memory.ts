import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestBrowser } from '../../../e2e/src/browser.ts'

export interface TabMemory {
  /** The page's process: its heaps, its workers', their buffers and its bitmaps. */
  rendererMiB: number
  /** The process that stands for the graphics card: textures. It also holds what the browser itself draws. */
  gpuMiB: number
  /** Both at one moment. */
  togetherMiB: number
}

const everyMs = 150

/** Follows the largest page process and the graphics process of a browser; shared pages are counted by their share (PSS). */
export function watchMemory(browser: TestBrowser): { stop: () => Promise<TabMemory> } {
  const peak: TabMemory = { rendererMiB: 0, gpuMiB: 0, togetherMiB: 0 }
  const stopping = new AbortController()
  const { signal } = stopping
  const watching = (async () => {
    while (!signal.aborted) {
      // None when it has been closed.
      const processes = await browser.processes().catch(() => [])
      const of = (type: string): number =>
        Math.max(0, ...processes.filter((one) => one.type === type).map(({ pid }) => proportionalMiB(pid)))
      const [renderer, gpu] = [of('renderer'), of('GPU')]
      peak.rendererMiB = Math.max(peak.rendererMiB, renderer)
      peak.gpuMiB = Math.max(peak.gpuMiB, gpu)
      peak.togetherMiB = Math.max(peak.togetherMiB, renderer + gpu)
      await delay(everyMs, undefined, { signal }).catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await watching
      return peak
    },
  }
}

function proportionalMiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    // Gone between the list and now.
    return 0
  }
}
