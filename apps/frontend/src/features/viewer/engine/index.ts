// All that the screen knows of pixels. Only stage.ts imports Cornerstone.
export { Abandoned } from './frame-cache.ts'
export { createFrameStore, type FrameStore, type LoadedFrame } from './frame-store.ts'
export type { InstanceInfo } from './instance-cache.ts'
export type { FrameAddress, Progress } from './requests.ts'
export { createStage, imageSizeOf, NoGraphics, type Stage } from './stage.ts'
export * from './view-transform.ts'
export * from '@instandt/pixels'
