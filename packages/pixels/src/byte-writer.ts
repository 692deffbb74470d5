/** Bytes that are written one after the other without knowing how many there will be. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(expected: number) {
    this.bytes = new Uint8Array(Math.max(64, expected))
  }

  /** Room for `count` more, to be written at `length`. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  push(...values: number[]): void {
    this.reserve(values.length)
    for (const value of values) this.bytes[this.length++] = value
  }

  append(values: Uint8Array): void {
    this.reserve(values.length)
    this.bytes.set(values, this.length)
    this.length += values.length
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length)
  }
}
