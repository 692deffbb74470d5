import { UnreachableError } from './client.ts'
import type { PartToSend } from './upload-client.ts'
import { askedToWait, isProblem, SourceError } from './upload-fault.ts'
import type { UploadGate } from './upload-gate.ts'
import { createLanes } from './upload-lanes.ts'
import { partLength, type Upload } from './upload.ts'

/** Bytes of a file, wherever they are: a Blob or File, or whatever gives ranges of itself. */
export interface UploadSource {
  readonly size: number
  /** Bytes from `start` up to, not including, `end`. */
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

/** SHA-256 of a part (32 bytes). */
export type DigestPart = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> | Uint8Array

/** Sends one part; `onSent` tells how many of its bytes have left, where that can be known. */
export type SendPart = (part: PartToSend, signal: AbortSignal, onSent: (bytes: number) => void) => Promise<void>

/** What sending needs of the upload it belongs to. */
export interface Journey {
  source: UploadSource
  gate: UploadGate
  sendPart: SendPart
  digestPart: DigestPart
  /** Parts at once at most. */
  lanes: number
  /** Returns when another try is worth it; throws the fault, or that of having been cancelled, when not. */
  bear(error: unknown): void
  /** How the upload stands at the server. */
  look(): Promise<Upload>
  onSent(number: number, bytes: number): void
  onEnded(number: number, acknowledged: number): void
  onWait(until: number): void
}

const mostDamaged = 3

/** Sends what the server has not, until nothing is missing or the upload is open no more. */
export async function sendMissing(journey: Journey, upload: Upload): Promise<void> {
  const { gate } = journey
  const lanes = createLanes(upload.partSize, journey.lanes)
  const running = new Set<Promise<void>>()
  const damaged = new Map<number, number>()
  let missing = missingParts(upload)
  /** A part whose answer was lost may be there all the same: the server is asked before anything is sent again. */
  let isDoubtful = false
  let fault: { error: unknown } | undefined

  const sendOne = async (number: number): Promise<void> => {
    const startedAt = Date.now()
    const byteLength = partLength(upload, number)
    const late = AbortSignal.timeout(lanes.patience())
    const { signal } = gate
    let acknowledged = 0
    try {
      await sendPart(journey, upload, number, AbortSignal.any([signal, late]))
      lanes.succeeded({ startedAt, byteLength })
      acknowledged = byteLength
    } catch (error) {
      missing.unshift(number)
      isDoubtful = true
      // Interrupted by ourselves: no fault of anybody.
      if (signal.aborted) return
      try {
        const times = (damaged.get(number) ?? 0) + 1
        if (isProblem(error, 'digest-mismatch') && times < mostDamaged) damaged.set(number, times)
        else journey.bear(late.aborted ? new UnreachableError(error) : error)
        lanes.failed({ startedAt }, askedToWait(error))
      } catch (final) {
        fault ??= { error: final }
      }
    } finally {
      journey.onEnded(number, acknowledged)
    }
  }

  while (missing.length > 0 || running.size > 0) {
    const isGoingOn = !fault && !isDoubtful && !gate.isClosed
    while (isGoingOn && missing.length > 0 && running.size < lanes.limit()) {
      const part: Promise<void> = sendOne(missing.shift() as number).finally(() => running.delete(part))
      running.add(part)
    }
    if (running.size > 0) await Promise.race(running)
    else if (fault) throw fault.error
    else {
      if (lanes.pausedUntil > Date.now() && !gate.isClosed) journey.onWait(lanes.pausedUntil)
      await gate.wait(lanes.pausedUntil - Date.now())
      const now = await journey.look()
      if (now.state !== 'open') return
      missing = missingParts(now)
      isDoubtful = false
    }
  }
  if (fault) throw fault.error
}

async function sendPart(
  { source, ...journey }: Journey,
  { id, partSize, byteSize }: Upload,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await readPart(source, number * partSize, partLength({ partSize, byteSize }, number))
  const sha256 = await journey.digestPart(bytes)
  await journey.sendPart({ id, number, bytes, sha256 }, signal, (sent) => journey.onSent(number, sent))
}

function missingParts({ received, partCount }: Upload): number[] {
  const missing: number[] = []
  let next = 0
  for (const [first, last] of [...received, [partCount, partCount] as const]) {
    for (let number = next; number < first; number += 1) missing.push(number)
    next = last + 1
  }
  return missing
}

async function readPart(source: UploadSource, start: number, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
  let buffer: ArrayBuffer
  try {
    buffer = await source.slice(start, start + byteLength).arrayBuffer()
  } catch (error) {
    throw new SourceError('The file cannot be read any more.', error)
  }
  if (buffer.byteLength !== byteLength) throw new SourceError('The file is shorter than it was.')
  return new Uint8Array(buffer)
}
