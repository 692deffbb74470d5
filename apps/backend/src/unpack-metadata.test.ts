import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { unpackMetadata } from './unpack-metadata.ts'

const textOf = (byteLength: number): Buffer => {
  const text = Buffer.alloc(byteLength)
  for (let at = 0; at < byteLength; at += 1) text[at] = 32 + ((at * 7919 + (at >> 7)) % 90)
  return text
}

/** Compiling takes a few turns; before and after it every answer is the same. */
const phases = ['at once', 'compiled']

for (const phase of phases)
  test(`frames with every form of a length unpack to their text, ${phase}`, async () => {
    if (phase === 'compiled') for (let turn = 0; turn < 200; turn += 1) await nextTurn()
    // 1, 2 and 4 bytes of length, exactly the longest and one above it.
    for (const byteLength of [1, 40, 255, 256, 300, 65_791, 65_792, 500_000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1]) {
      const text = textOf(byteLength)
      assert.ok(unpackMetadata(zstdCompressSync(text)).equals(text), `${byteLength}`)
    }
    // Somewhere in the memory of others, as the database's driver hands it out.
    const text = textOf(2000)
    const packed = zstdCompressSync(text)
    const among = Buffer.concat([Buffer.from('before'), packed, Buffer.from('after')])
    assert.ok(unpackMetadata(among.subarray(6, 6 + packed.length)).equals(text))
    // A check sum, and a stream, whose length nobody knew.
    assert.ok(unpackMetadata(zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })).equals(text))
    const stream = createZstdCompress()
    stream.write(text.subarray(0, 1000))
    stream.end(text.subarray(1000))
    assert.ok(unpackMetadata(Buffer.concat((await stream.toArray()) as Buffer[])).equals(text))
  })

test('what is damaged is the error of the runtime, and good frames unpack after it', () => {
  const text = textOf(3000)
  const packed = zstdCompressSync(text)
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(packed)
    copy[at] = value
    return copy
  }
  const damaged: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    'no frame': Buffer.from('{"00080005":{"vr":"CS","Value":["ISO_IR 192"]}}'),
    cut: packed.subarray(0, packed.length - 40),
    'cut within its header': packed.subarray(0, 6),
    'says that it is shorter': changed(6, 0),
    'says that it is longer': changed(6, 0xff),
    'another block': changed(8, 0xff),
  }
  for (let at = 9; at < packed.length; at += 97) damaged[`flipped at ${at}`] = changed(at, (packed[at] ?? 0) ^ 0x5a)
  // One segment that says it has no bytes, and has.
  damaged['says that it is empty'] = Buffer.concat([packed.subarray(0, 4), Buffer.from([0x20, 0]), packed.subarray(7)])
  for (const [name, bytes] of Object.entries(damaged)) {
    let expected: Buffer | undefined
    try {
      expected = zstdDecompressSync(bytes)
    } catch {
      assert.throws(() => unpackMetadata(bytes), name)
    }
    if (expected) assert.ok(unpackMetadata(bytes).equals(expected), name)
    assert.ok(unpackMetadata(packed).equals(text), `after ${name}`)
  }
})
