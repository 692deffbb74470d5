interface Heap {
  buffer: ArrayBufferLike
  grow: (this: Heap, pages: number) => number
}

// The types of Node alone do not know it.
const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: { prototype: Heap } } }
const pageBytes = 65_536

/**
 * Runs a decoder with a bound on the memory of its WebAssembly: what a frame's header does not tell (layers, channels and
 * frames of JPEG XL) could take gigabytes. Only growing is refused; the decoder then fails as it does without memory.
 */
export function withBoundHeap<T>(mostBytes: number, decode: () => T): T {
  const { prototype } = WebAssembly.Memory
  const { grow } = prototype
  prototype.grow = function (this: Heap, pages) {
    if (this.buffer.byteLength + pages * pageBytes > mostBytes)
      throw new RangeError('the memory of a decoder is bounded')
    return grow.call(this, pages)
  }
  try {
    return decode()
  } finally {
    prototype.grow = grow
  }
}
