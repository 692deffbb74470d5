import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

interface Encoder {
  getDecodedBuffer(info: FrameInfo): Uint8Array
  encode(): void
  getEncodedBuffer(): Uint8Array
  setNearLossless?(near: number): void
  setQuality?(reversible: boolean, rate: number): void
  delete(): void
}

interface FrameInfo {
  width: number
  height: number
  bitsPerSample: number
  componentCount: number
  isSigned: boolean
  isUsingColorTransform: boolean
}

type Factory = () => Promise<Record<string, new () => Encoder>>

const packages = {
  'jpeg-ls': ['@cornerstonejs/codec-charls/wasmjs', 'JpegLSEncoder'],
  'jpeg-2000': ['@cornerstonejs/codec-openjpeg/wasmjs', 'J2KEncoder'],
  htj2k: ['@cornerstonejs/codec-openjph/wasmjs', 'HTJ2KEncoder'],
} as const

/** Compresses one grey frame without loss. */
export async function encodeLossless(
  codec: keyof typeof packages,
  samples: Uint16Array,
  size: { columns: number; rows: number; bitsStored: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const [name, type] = packages[codec]
  const module = await (require(name) as Factory)()
  const encoder = new module[type]!()
  encoder.setNearLossless?.(0)
  encoder.setQuality?.(true, 0)
  const info = {
    width: size.columns,
    height: size.rows,
    bitsPerSample: size.bitsStored,
    componentCount: 1,
    isSigned: false,
    isUsingColorTransform: false,
  }
  encoder.getDecodedBuffer(info).set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
  encoder.encode()
  const encoded = Uint8Array.from(encoder.getEncodedBuffer())
  encoder.delete()
  return encoded
}
