import { setImmediate } from 'node:timers/promises'

/** The object does not hold the bytes that its sender gave for this part. */
export class PartDamaged extends Error {
  readonly number: number

  constructor(number: number) {
    super(`part ${number} is not what was received`)
    this.name = 'PartDamaged'
    this.number = number
  }
}

// Other requests get their turn between pieces of this size.
const pieceSize = 2 * 1024 * 1024

/**
 * The bytes of an object, part by part, each handed on once its SHA-256 was compared with the one that came with it. The
 * comparison of a part runs in a thread while the part before is being read: two parts are in memory.
 * @throws PartDamaged; whatever the body throws
 */
export async function* verifiedParts(
  body: AsyncIterable<Uint8Array>,
  parts: readonly { byteLength: number; sha256: Uint8Array }[],
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  let rest = new Uint8Array()

  const take = async (number: number): Promise<Uint8Array> => {
    const { byteLength, sha256 } = parts[number] as { byteLength: number; sha256: Uint8Array }
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer)
    for (let filled = 0; filled < byteLength;) {
      if (rest.length === 0) {
        const step = await chunks.next()
        if (step.done === true) throw new PartDamaged(number)
        rest = step.value as Uint8Array<ArrayBuffer>
      }
      const piece = rest.subarray(0, byteLength - filled)
      bytes.set(piece, filled)
      filled += piece.length
      rest = rest.subarray(piece.length)
    }
    if (!Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).equals(sha256)) throw new PartDamaged(number)
    return bytes
  }

  let ahead = parts.length > 0 ? take(0) : undefined
  try {
    for (let number = 0; ahead; number += 1) {
      const bytes = await ahead
      ahead = number + 1 < parts.length ? take(number + 1) : undefined
      // Told by the next turn; an end in between must not leave it unheard.
      ahead?.catch(() => undefined)
      for (let at = 0; at < bytes.length; at += pieceSize) {
        yield bytes.subarray(at, at + pieceSize)
        await setImmediate()
      }
    }
  } finally {
    await ahead?.catch(() => undefined)
    await chunks.return?.()
  }
}
