import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflate, createZstdDecompress, inflateSync, zstdDecompressSync } from 'node:zlib'
import { ConvertFault } from './fault.ts'

export type ZlibKind = 'deflate' | 'zstd'

const damaged = (name: string, kind: ZlibKind, cause: unknown): ConvertFault =>
  new ConvertFault('damaged', `${name} is no ${kind === 'deflate' ? 'Deflate' : 'Zstandard'} stream, or was cut off.`, {
    cause,
  })

/** A short stream in one go; `most` bytes come out at most. @throws ConvertFault 'damaged' */
export function inflateShort(bytes: Uint8Array, kind: ZlibKind, most: number, name: string): Uint8Array {
  try {
    return (kind === 'deflate' ? inflateSync : zstdDecompressSync)(bytes, { maxOutputLength: most })
  } catch (cause) {
    throw damaged(name, kind, cause)
  }
}

/** A long stream while it is read; whoever reads ends it. @throws ConvertFault 'damaged', and what `pieces` throws */
export async function* inflateLong(
  pieces: AsyncIterable<Uint8Array>,
  kind: ZlibKind,
  name: string,
): AsyncGenerator<Uint8Array> {
  const stream = kind === 'deflate' ? createInflate({ chunkSize: 256 * 1024 }) : createZstdDecompress()
  let sourceFault: unknown
  const noted = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces
    } catch (error) {
      sourceFault = error
      throw error
    }
  }
  const fed = pipeline(Readable.from(noted(), { objectMode: false }), stream).catch(() => undefined)
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk
  } catch (cause) {
    throw sourceFault ?? damaged(name, kind, cause)
  } finally {
    stream.destroy()
    await fed
  }
}
