/** LZW of TIFF 6.0 section 13, as every writer since TIFF 5.0 does it. */
export function packLzw(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  let held = 0
  let heldBits = 0
  let width = 9
  let next = 258
  let codes = new Map<number, number>()
  const put = (code: number): void => {
    held = (held << width) | code
    heldBits += width
    while (heldBits >= 8) {
      heldBits -= 8
      out.push((held >>> heldBits) & 0xff)
      held &= (1 << heldBits) - 1
    }
  }
  put(256)
  let prefix = -1
  for (const byte of bytes) {
    if (prefix < 0) {
      prefix = byte
      continue
    }
    const known = codes.get(prefix * 256 + byte)
    if (known !== undefined) {
      prefix = known
      continue
    }
    put(prefix)
    codes.set(prefix * 256 + byte, next)
    next += 1
    if (next === 512 || next === 1024 || next === 2048) width += 1
    prefix = byte
    // The table is full: code 4094 was the last one.
    if (next === 4095) {
      put(256)
      width = 9
      next = 258
      codes = new Map()
    }
  }
  if (prefix >= 0) put(prefix)
  // The reader has one entry less than the writer.
  if (prefix >= 0 && (next === 511 || next === 1023 || next === 2047)) width += 1
  put(257)
  if (heldBits > 0) out.push((held << (8 - heldBits)) & 0xff)
  return Uint8Array.from(out)
}

/** PackBits, byte runs (TIFF 6.0 section 9). */
export function packRuns(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (let at = 0; at < bytes.length;) {
    let run = 1
    while (run < 128 && bytes[at + run] === bytes[at]) run += 1
    if (run > 1) {
      out.push(257 - run, bytes[at] as number)
      at += run
      continue
    }
    let literal = 1
    while (literal < 128 && at + literal < bytes.length && bytes[at + literal] !== bytes[at + literal + 1]) literal += 1
    out.push(literal - 1, ...bytes.subarray(at, at + literal))
    at += literal
  }
  return Uint8Array.from(out)
}
