/**
 * Makes a search for one byte string in many chunks: Horspool, comparing the first byte before the rest. Linear at
 * worst for strings whose first byte occurs in them once, which a line break before a boundary does.
 */
export function createFinder(needle: Uint8Array): (haystack: Uint8Array, from: number) => number {
  const last = needle.length - 1
  const lastByte = needle[last] as number
  const firstByte = needle[0] as number
  const shifts = new Uint32Array(256).fill(needle.length)
  for (let at = 0; at < last; at += 1) shifts[needle[at] as number] = last - at

  return (haystack, from) => {
    const end = haystack.length
    let at = from + last
    while (at < end) {
      const byte = haystack[at] as number
      if (byte === lastByte && haystack[at - last] === firstByte) {
        let matched = 1
        while (matched < last && haystack[at - last + matched] === needle[matched]) matched += 1
        if (matched >= last) return at - last
      }
      at += shifts[byte] as number
    }
    return -1
  }
}
