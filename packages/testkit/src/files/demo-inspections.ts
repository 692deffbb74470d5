import { setImmediate as nextTurn } from 'node:timers/promises'
import { castingFiles } from './demo-casting.ts'
import type { DemoFile, DemoTruth } from './demo-file.ts'
import { panelFiles } from './demo-panel.ts'
import { weldFiles } from './demo-weld.ts'

/**
 * Made-up inspections, the same for the same seed, byte for byte: a weld on a flat panel in two views, a casting in 72
 * CT slices, a carbon-fibre panel in an ultrasonic C-scan. Other tasks get their turn between two files.
 */
export async function* demoInspections(seed = 1): AsyncGenerator<DemoFile> {
  for (const files of [weldFiles, panelFiles, castingFiles]) {
    for (const file of files(seed)) {
      yield file
      await nextTurn()
    }
  }
}

/** What the made-up files hold, without the files. */
export async function demoTruth(seed = 1): Promise<DemoTruth[]> {
  const truths: DemoTruth[] = []
  for await (const { truth } of demoInspections(seed)) truths.push(truth)
  return truths
}
