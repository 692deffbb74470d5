import { type ChunkMemory, mostRead } from '../../storage/blob-store.ts'

/** Gives each reader of the blob store its memory. */
export type ReaderMemory = () => ChunkMemory

// What is kept between answers: 18 MiB.
const keptPieces = 32
const kept: ArrayBuffer[] = []

/**
 * Memory of one answer. Its bytes leave in the order in which they were taken, so a piece whose reader has gone on is free
 * as soon as everything taken until then has left.
 */
export function createAnswerMemory(): {
  forReader: ReaderMemory
  /** Bytes that came out of the readers, counted before more is asked of them. */
  taken(byteLength: number): void
  /** Bytes that have left for the network, in that order. */
  left: (byteLength: number) => void
} {
  let takenBytes = 0
  let leftBytes = 0
  const retired: { piece: ArrayBuffer; at: number }[] = []

  const retire = (piece: ArrayBuffer): void => {
    retired.push({ piece, at: takenBytes })
    collect()
  }
  const collect = (): void => {
    while (retired[0] && retired[0].at <= leftBytes) {
      const { piece } = retired.shift() as { piece: ArrayBuffer }
      if (kept.length < keptPieces) kept.push(piece)
    }
  }

  return {
    forReader() {
      let piece: ArrayBuffer | undefined
      return {
        next(byteLength) {
          if (piece) retire(piece)
          piece = undefined
          // Small reads are not worth a piece, larger ones are not asked for.
          if (byteLength < mostRead / 8 || byteLength > mostRead) return Buffer.allocUnsafeSlow(byteLength)
          piece = kept.pop() ?? new ArrayBuffer(mostRead)
          return new Uint8Array(piece, 0, byteLength)
        },
        end() {
          if (piece) retire(piece)
          piece = undefined
        },
      }
    },
    taken(byteLength) {
      takenBytes += byteLength
    },
    left(byteLength) {
      leftBytes += byteLength
      collect()
    },
  }
}
