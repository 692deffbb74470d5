// 32 MiB take a line of 5 Mbit/s 54 s: longer parts would be cut by proxies that end a request after a minute.
const largest = 32 * 1024 ** 2
const fewParts = 10_000
// What a blob of Azure takes.
const mostParts = 50_000

/**
 * Bytes of every part but the last, from the file's size alone: small ones for slow lines while there are few of them, then
 * doubled, beyond the largest only as far as the store's own bound asks for.
 */
export function partSizeFor(byteSize: number, smallest: number): number {
  let partSize = smallest
  while (byteSize > partSize * (partSize < largest ? fewParts : mostParts)) partSize *= 2
  return partSize
}
