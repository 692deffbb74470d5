// The contract of this package. Every other room imports from here only.
export { openSource, type ByteSource, type ReadRange } from './byte-source.ts'
export { convertFile, type ConvertedObject } from './convert-file.ts'
export { ConvertFault, type ConvertFaultCode } from './fault.ts'
export type { ConvertRequest, Form, PixelSize, Source } from './form.ts'
export { formats, mediaTypes, type Format } from './read-file.ts'
export type { RawGeometry } from './read-raw.ts'
export { uidFor } from './uid.ts'
