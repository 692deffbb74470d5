import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflate, createZstdDecompress, inflateSync, zstdDecompressSync } from 'node:zlib'
import { ConvertFault } from './fault.ts'

export type ZlibKind = 'deflate' | 'zstd'

// What the decompressor says of a stream; anything else, such as no memory, is no fault of the file.
const streamFaults = /^(Z_(DATA|BUF)_ERROR|Z_NEED_DICT|ERR_BUFFER_TOO_LARGE|ZSTD_error_(?!memory_allocation).*)$/

function faultOf(name: string, kind: ZlibKind, cause: unknown): unknown {
  if (!streamFaults.test((cause as { code?: string }).code ?? '')) return cause
  const words = `${name} is no ${kind === 'deflate' ? 'Deflate' : 'Zstandard'} stream, or was cut off.`
  return new ConvertFault('damaged', words, { cause })
}

/** A short stream in one go; `most` bytes come out at most. @throws ConvertFault 'damaged' */
export function inflateShort(bytes: Uint8Array, kind: ZlibKind, most: number, name: string): Uint8Array {
  try {
    return (kind === 'deflate' ? inflateSync : zstdDecompressSync)(bytes, { maxOutputLength: most })
  } catch (cause) {
    throw faultOf(name, kind, cause)
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
    throw sourceFault ?? faultOf(name, kind, cause)
  } finally {
    stream.destroy()
    await fed
  }
}
