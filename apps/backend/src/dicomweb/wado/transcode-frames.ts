import { transferSyntax } from '@instandt/dicom'
import { canEncode, decodedFormat, decodesToRgb, familyOf, PixelFault } from '@instandt/pixels'
import { AppError } from '../../app-error.ts'
import { findRendition, type StoredRendition } from '../../data/renditions.ts'
import { findAttributes, type InstanceAddress } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import { decodedBytes, largestWholeFrame, withFrame } from '../../pixels/read-rows.ts'
import { collect, type ImageInfo, readImage } from '../../pixels/read-image.ts'
import type { Scope } from '../../plugins/access.ts'
import { explicitLittleEndian, implicitLittleEndian, type IsPossible } from './offers.ts'
import { notFound } from './retrieve-object.ts'

// Beside what was read a frame is in memory decoded, as the encoder has it and encoded.
const copies = 3
// Noise is tried twice in JPEG-LS, the second time with twice the room: measured as resident memory of the process, with what the
// encoder gave back and WebAssembly keeps.
const copiesOfNoise = 10
const jpegLs = '1.2.840.10008.1.2.4.80'
const htj2k = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202'])

/** An instance whose frames can be decoded; undefined when they cannot. Throws 404 when there is no such instance. */
export async function openImage(deps: Deps, scope: Scope, address: InstanceAddress): Promise<ImageInfo | undefined> {
  const stored = await findAttributes(deps.db, scope, address)
  if (!stored) throw notFound()
  return readImageIfPossible(deps, scope, stored)
}

export async function readImageIfPossible(
  deps: Deps,
  scope: Scope,
  stored: ImageInfo['stored'],
): Promise<ImageInfo | undefined> {
  try {
    const image = await readImage(deps, scope, stored)
    familyOf(image.frameSyntaxUid)
    return image
  } catch (error) {
    if (error instanceof PixelFault) return undefined
    throw error
  }
}

/**
 * Which transfer syntaxes frames can be written in. What was compressed with loss stays what it is unless plain samples are
 * asked for: compressing it again would only make it larger.
 */
export function possibleFor(image: ImageInfo | undefined): IsPossible {
  if (!image || decodedBytes(image.format) > largestWholeFrame()) return () => false
  const isLossy = transferSyntax(image.frameSyntaxUid)?.isLossy ?? false
  return (uid) => {
    const isNative = uid === explicitLittleEndian || uid === implicitLittleEndian
    return (!isLossy || isNative) && canEncode(decodedFormat(image.format, false), uid)
  }
}

/** Frames (from 1) in another transfer syntax, one after the other; the next one is made while one is being sent. */
export async function* transcodeFrames(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frames: Iterable<number>,
  toSyntaxUid: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const make = (frame: number): Promise<Uint8Array<ArrayBuffer>> => {
    const made = transcodeFrame(deps, scope, image, frame, toSyntaxUid, signal)
    // A reader that has left does not wait for it.
    made.catch(() => undefined)
    return made
  }
  let next: Promise<Uint8Array<ArrayBuffer>> | undefined
  for (const frame of frames) {
    const current = next
    next = make(frame)
    if (current) yield await current
  }
  if (next) yield await next
}

async function transcodeFrame(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  toSyntaxUid: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (htj2k.has(toSyntaxUid)) {
    const rendition = await findRendition(deps.db, scope, image.stored, frame)
    const made = rendition && (await readWholeStream(deps, rendition))
    if (made) return made
  }
  const size = decodedBytes(image.format)
  const whole = { pool: deps.pixels, copies: toSyntaxUid === jpegLs ? copiesOfNoise : copies, signal }
  const roomyBytes = largestWholeFrame() / 2
  return withFrame(deps, scope, image, frame, whole, (input) =>
    deps.pixels.run(
      'transcode',
      { ...input, toSyntaxUid, roomyBytes },
      { transfer: [input.bytes.buffer], signal, size },
    ),
  ).catch(refuseFrame(frame))
}

/** Whether decoding the first frame (from 1) makes RGB of it. */
export async function isDecodedToRgb(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // Only looked at.
  const whole = { pool: deps.pixels, copies: 0, signal }
  return withFrame(deps, scope, image, 1, whole, async ({ bytes, syntaxUid, format }) =>
    decodesToRgb(bytes, syntaxUid, format),
  ).catch(refuseFrame(1))
}

const refuseFrame =
  (frame: number) =>
  (error: unknown): never => {
    if (!(error instanceof PixelFault)) throw error
    const words = Object.values(error.detail).join(', ')
    throw new AppError(
      'frame-not-transcodable',
      406,
      `Frame ${frame} cannot be sent in another transfer syntax: ${words}.`,
    )
  }

/** A rendition of one tile is the frame as HTJ2K RPCL, whole. */
async function readWholeStream(deps: Deps, rendition: StoredRendition): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (rendition.prefixes.length !== 1) return undefined
  try {
    return await collect(await deps.blobs.read(rendition.blobKey), rendition.byteSize)
  } catch (error) {
    if (error instanceof AppError && error.code === 'blob-missing') return undefined
    throw error
  }
}
