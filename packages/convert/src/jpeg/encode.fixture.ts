// For tests: JPEG streams of the very library that decodes them elsewhere, so that only our handling of them is new.
import factory from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs'

interface Encoder {
  getDecodedBuffer(info: object): Uint8Array
  getEncodedBuffer(): Uint8Array
  setQuality(quality: number): void
  setProgressive(isProgressive: boolean): void
  setSubSampling(code: number): void
  encode(): void
}

export interface JpegToMake {
  columns: number
  rows: number
  samples: 1 | 3
  pixels: Uint8Array
  isProgressive?: boolean
}

export async function buildJpeg({
  columns,
  rows,
  samples,
  pixels,
  isProgressive = false,
}: JpegToMake): Promise<Uint8Array> {
  const module = (await (factory as () => Promise<unknown>)()) as { JPEGEncoder: new () => Encoder }
  const encoder = new module.JPEGEncoder()
  const info = { width: columns, height: rows, bitsPerSample: 8, componentCount: samples, isSigned: false }
  encoder.getDecodedBuffer(info).set(pixels)
  encoder.setQuality(95)
  encoder.setProgressive(isProgressive)
  encoder.setSubSampling(samples === 1 ? 3 : 0)
  encoder.encode()
  return Uint8Array.from(encoder.getEncodedBuffer())
}

/** Inserts a segment behind the start of the stream. */
export function withSegment(stream: Uint8Array, marker: number, body: Uint8Array): Uint8Array {
  const length = body.length + 2
  return Buffer.concat([
    stream.subarray(0, 2),
    Uint8Array.of(0xff, marker, length >> 8, length & 0xff),
    body,
    stream.subarray(2),
  ])
}
