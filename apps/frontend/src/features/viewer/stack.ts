import type { FrameAddress } from './engine/index.ts'

/** An instance of a view and how many images it adds to the stack; objects without frames stand for one. */
export interface StackItem {
  instance: string
  /** 0 for objects without pixels. */
  frameCount: number
  /** Its rendition is quicker than its frames themselves. */
  isTiled: boolean
  /** A frame of it may be too large to be fetched without a look at its attributes. */
  isLarge: boolean
}

/** All images of a view in one row: frames of multi-frame instances one after another. */
export interface Stack {
  study: string
  series: string
  /** First place of each instance, and the end behind the last. */
  starts: number[]
  instances: string[]
  frameCounts: number[]
  /** Instances whose frames are fetched in tiles. */
  tiled: ReadonlySet<string>
  large: ReadonlySet<string>
}

export function createStack(study: string, series: string, items: readonly StackItem[]): Stack {
  const starts = [0]
  for (const { frameCount } of items) starts.push(starts.at(-1)! + Math.max(1, frameCount))
  const those = (which: 'isTiled' | 'isLarge') =>
    new Set(items.filter((item) => item[which]).map(({ instance }) => instance))
  return {
    study,
    series,
    starts,
    instances: items.map(({ instance }) => instance),
    frameCounts: items.map(({ frameCount }) => frameCount),
    tiled: those('isTiled'),
    large: those('isLarge'),
  }
}

export const lengthOf = (stack: Stack): number => stack.starts.at(-1) ?? 0

/** The frame at a place from 0; undefined outside the stack. */
export function frameAt(stack: Stack, place: number): FrameAddress | undefined {
  if (place < 0 || place >= lengthOf(stack)) return undefined
  let low = 0
  let high = stack.instances.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (stack.starts[middle]! <= place) low = middle
    else high = middle - 1
  }
  const { study, series, instances, starts } = stack
  return { study, series, instance: instances[low]!, frame: place - starts[low]! + 1 }
}

/** Frames of an instance; undefined when it is not (yet) in the stack. */
export function frameCountOf(stack: Stack, instance: string): number | undefined {
  return stack.frameCounts[stack.instances.indexOf(instance)]
}

/** Are its frames fetched in tiles? Of an instance that is not in the list yet the server is asked. */
export const isTiledIn = (stack: Stack, instance: string): boolean =>
  stack.tiled.has(instance) || !stack.instances.includes(instance)

/** Of an instance that is not in the list yet nobody knows. */
export const isLargeIn = (stack: Stack, instance: string): boolean =>
  stack.large.has(instance) || !stack.instances.includes(instance)

/** Place of a frame, or undefined when the instance is not (yet) in the stack. */
export function placeOf(stack: Stack, instance: string, frame: number): number | undefined {
  const index = stack.instances.indexOf(instance)
  if (index === -1) return undefined
  const count = stack.starts[index + 1]! - stack.starts[index]!
  return stack.starts[index]! + Math.min(count, Math.max(1, frame)) - 1
}

/** Places worth loading next: mostly in the direction of travel, a few behind. */
export function neighboursOf(
  stack: Stack,
  place: number,
  direction: 1 | -1,
  ahead: number,
  behind: number,
): FrameAddress[] {
  const found: FrameAddress[] = []
  for (let step = 1; step <= ahead; step += 1) {
    const next = frameAt(stack, place + step * direction)
    if (next) found.push(next)
    const back = step <= behind ? frameAt(stack, place - step * direction) : undefined
    if (back) found.push(back)
  }
  return found
}

// 200 either way: their attributes fit into what is kept of those (instance-cache.ts).
const reach = 192
const firstStride = 16

/**
 * Places worth loading after the neighbours, interleaved: every sixteenth image first, then those between them, so that
 * scrolling fast finds pictures everywhere before it finds all of them.
 */
export function farFrom(stack: Stack, place: number, direction: 1 | -1): FrameAddress[] {
  const found: FrameAddress[] = []
  const add = (step: number): void => {
    const address = frameAt(stack, place + step * direction)
    if (address) found.push(address)
  }
  for (let stride = firstStride; stride >= 1; stride /= 2) {
    for (let step = stride; step <= reach; step += stride) {
      // Those of the wider strides are there already.
      if (stride < firstStride && step % (stride * 2) === 0) continue
      add(step)
      add(-step)
    }
  }
  return found
}
