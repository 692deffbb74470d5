// A file of any size that needs little memory, and gives any range of itself.
import { createHash, randomBytes } from 'node:crypto'
import type { UploadSource } from '@instandt/api'
import { streamInstance } from '@instandt/testkit/files'

export interface LargeSource extends UploadSource {
  sha256(): string
}

const frameBytes = 4 * 1024 * 1024
const distinct = 16
const jpegLs = '1.2.840.10008.1.2.4.80'

/** One instance of so many frames of 4 MiB, encapsulated: native pixel data ends at 4 GiB. Neighbours differ. */
export function largeSource(seed: string, frames: number): LargeSource {
  const memory = Array.from({ length: distinct }, () => randomBytes(frameBytes))
  const frame = (index: number): Uint8Array => memory[(index * 7 + (index >> 4)) % distinct] as Uint8Array
  const pieces = [
    ...streamInstance({
      seed,
      transferSyntaxUid: jpegLs,
      image: { rows: 2048, columns: 1024, frames, frame, offsetTable: 'none' },
    }),
  ]
  const starts: number[] = []
  let size = 0
  for (const piece of pieces) {
    starts.push(size)
    size += piece.length
  }
  /** The piece that holds this byte. */
  const indexOf = (offset: number): number => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
  return {
    size,
    slice: (start, end) => ({
      arrayBuffer() {
        const bytes = new Uint8Array(end - start)
        for (let index = indexOf(start), at = start; at < end; index += 1) {
          const [begin, piece] = [starts[index] as number, pieces[index] as Uint8Array]
          const cut = piece.subarray(at - begin, end - begin)
          bytes.set(cut, at - start)
          at += cut.length
        }
        return Promise.resolve(bytes.buffer)
      },
    }),
    sha256() {
      const hash = createHash('sha256')
      for (const piece of pieces) hash.update(piece)
      return hash.digest('hex')
    },
  }
}
