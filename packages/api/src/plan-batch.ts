/** Of one STOW-RS request. */
export const batchLimits = { bytes: 16_000_000, files: 50 }

/** Files from so many bytes on travel in parts. */
export const largeUploadBytes = 8 * 1024 * 1024

/** What is known of a file before it is sent. */
export interface BatchCandidate {
  /** Bytes. */
  size: number
  sopInstanceUid?: string | undefined
  /** Must not share a request: the answer could not be told apart. */
  isAlone?: boolean
}

/**
 * How many of the first candidates go into the next request; at least one. Small files share a request, because the
 * round trip would cost more than the bytes; a big one goes alone, so that its failure costs nobody else.
 */
export function planBatch(candidates: readonly BatchCandidate[], limits = batchLimits): number {
  const seen = new Set<string>()
  let bytes = 0
  let count = 0
  for (const { size, sopInstanceUid, isAlone } of candidates) {
    // Answers name UIDs: without one, or with one twice, nobody could say which file was meant.
    const isTellable = isAlone !== true && sopInstanceUid !== undefined && !seen.has(sopInstanceUid)
    if (count > 0 && (!isTellable || bytes + size > limits.bytes || count >= limits.files)) break
    count += 1
    if (!isTellable) break
    bytes += size
    seen.add(sopInstanceUid)
  }
  return count
}
