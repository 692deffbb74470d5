export { attributesOf } from '@instandt/dicom'
export {
  buildInstance,
  sequenceOf,
  streamInstance,
  uidOf,
  type ImageOptions,
  type InstanceOptions,
} from './build-instance.ts'
export { type DemoFile, type DemoTruth, type Flaw, type Probe } from './demo-file.ts'
export { demoInspections, demoTruth } from './demo-inspections.ts'
export { duplexDiameters, wireDiameters, type Wire } from './image-quality-indicators.ts'
export { createRandom, type Random } from './random.ts'
export { buildPng, pngChunk, type PngOptions } from './png.ts'
export { buildTiff, type TiffCompression, type TiffOptions, type TiffPage } from './tiff.ts'
