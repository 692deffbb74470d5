export interface BlobInfo {
  key: string
  byteLength: number
  modifiedAt: Date
}

/** A range in bytes; `length` may run past the end, then what is there is returned. */
export interface ByteRange {
  offset: number
  length: number
}

/** Bytes of one read at most: an image of 512 × 512 × 16 bits comes whole, with its header; few enough for thousands of readers. */
export const mostRead = 576 * 1024

/**
 * Memory for the chunks of one read, where the reader knows when a chunk may be overwritten. Fresh memory for each is
 * safe and is the default; at a thousand images a second the collector then takes half of the time.
 */
export interface ChunkMemory {
  /** Asked before each chunk: whoever asks has handed on the chunk before and does not touch it any more. */
  next(byteLength: number): Uint8Array
  /** Bytes of one read at most, where the reader has a reason for more or less than the store's own choice. */
  chunkSize?: number
  /** The last chunk has been handed on. */
  end(): void
}

export interface BodyOptions {
  signal?: AbortSignal
  /** Nobody else has the chunks: their memory may be given back as soon as they are written. */
  mayLetGo?: boolean
}

/** One part of an object that comes in pieces: every part but the last has `partSize` bytes. */
export interface PartPlace {
  /** From 0; its first byte is number × partSize. */
  number: number
  partSize: number
  byteLength: number
}

/** All parts of an object together. */
export interface PartsPlan {
  count: number
  partSize: number
  byteLength: number
}

/**
 * Where the original bytes live. Two implementations: Azure Blob Storage and files on disk.
 * Faults of the store are thrown as AppError('storage-unavailable', 503); an unknown key as AppError('blob-missing', 500).
 */
export interface BlobStore {
  /**
   * Writes a new object and resolves when it is durable. Nothing is visible under the key before that, and nothing
   * remains (but an uncommitted or temporary piece that the sweep removes) when the body or the store fails.
   * `onWritten` is told by a store for which only a flush is left then, some milliseconds on its own disk; it may fail.
   */
  write(
    key: string,
    body: AsyncIterable<Uint8Array>,
    options?: BodyOptions & { byteLength?: number; onWritten?: () => void },
  ): Promise<{ byteLength: number }>
  /**
   * Takes one part of a new object and resolves when it is durable. Parts come in any order, from any process, and again
   * after a fault: one whose body fails counts as not sent. That nobody else writes the same part at that time is the
   * caller's duty. After the commit the object does not change any more, whether or not a late part is refused.
   */
  stagePart(key: string, part: PartPlace, body: AsyncIterable<Uint8Array>, options?: BodyOptions): Promise<void>
  /**
   * Makes the object of its parts, without copying them; when it is made already nothing happens.
   * @throws AppError 'parts-missing' (409) when the store has not all of them
   */
  commitParts(key: string, plan: PartsPlan): Promise<void>
  /** Forgets parts that were not committed; none is no error, and an object stays. */
  dropParts(key: string): Promise<void>
  /** Streams an object or a range of it; rejects before the first byte when the key is unknown. */
  read(key: string, range?: ByteRange, memory?: ChunkMemory): Promise<AsyncIterable<Uint8Array>>
  /**
   * Removes an object; an unknown key is no error.
   * @throws AppError 'blob-immutable' (409) while the store keeps it by a rule of its own
   */
  delete(key: string): Promise<void>
  /** Keys in ascending order, streamed. */
  list(prefix: string): AsyncIterable<BlobInfo>
  /**
   * Moves inside the store (the orphan sweep's quarantine). Whatever goes wrong, the bytes are whole at one of both places;
   * where both hold them, as one that was cut off or a backup put back leaves them, only those at the beginning go.
   * @throws AppError 'blob-exists' (500) when other bytes are there; 'blob-immutable' (409) while the store keeps the old ones
   */
  move(from: string, to: string): Promise<void>
  /** Resolves when the store answers; used by /health/ready. */
  check(): Promise<void>
  close(): Promise<void>
}
