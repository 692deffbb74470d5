/**
 * Bytes not yet read, in one piece: `bytes` from `start` to `end`. A chunk is looked at in place; only a rest that more
 * bytes must follow is copied.
 */
export class ByteInput {
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** Offset of the byte at `start` from the beginning of the stream. */
  position = 0
  #isOwn = false

  get available(): number {
    return this.end - this.start
  }

  /** A view, valid until the next `push`. */
  view(length: number): Uint8Array {
    return this.bytes.subarray(this.start, this.start + length)
  }

  advance(length: number): void {
    this.start += length
    this.position += length
  }

  push(chunk: Uint8Array): void {
    if (this.start === this.end) {
      this.bytes = chunk
      this.start = 0
      this.end = chunk.length
      this.#isOwn = false
      return
    }
    const needed = this.available + chunk.length
    if (!this.#isOwn || this.bytes.length - this.start < needed) {
      // Doubling keeps one-byte chunks linear.
      this.#move(Math.max(needed, this.available * 2, 512))
    }
    this.bytes.set(chunk, this.end)
    this.end += chunk.length
  }

  /** To be called before a chunk goes back to its owner, who may write to it again. */
  keep(): void {
    if (this.start === this.end) {
      this.bytes = this.#isOwn ? this.bytes : new Uint8Array(0)
      this.start = 0
      this.end = 0
    } else if (!this.#isOwn) this.#move(this.available)
  }

  #move(size: number): void {
    const own = new Uint8Array(size)
    own.set(this.bytes.subarray(this.start, this.end))
    this.end = this.available
    this.start = 0
    this.bytes = own
    this.#isOwn = true
  }
}
