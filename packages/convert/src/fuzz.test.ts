// Files of every format with bytes changed, cut and repeated: an object or a refusal, never anything else, and never for long.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DicomWriteError } from '@instandt/dicom'
import { buildPng, buildTiff, createRandom } from '@instandt/testkit/files'
import { requestOf, sourceOf, valuesOf } from './convert.fixture.ts'
import { convertFile } from './convert-file.ts'
import { ConvertFault } from './fault.ts'
import { buildJpeg } from './jpeg/encode.fixture.ts'

const page = { columns: 37, rows: 29, pixels: valuesOf(37 * 29, 16) }
const bytes = valuesOf(37 * 29 * 3, 8)
const seeds: Record<string, Uint8Array> = {
  tiff: buildTiff([{ ...page, compression: 'lzw', rowsPerStrip: 5 }, page]),
  'tiled BigTIFF': buildTiff([{ ...page, tile: 16, compression: 'deflate', hasPredictor: true }], { isBigTiff: true }),
  'TIFF in colour': buildTiff(
    [{ ...page, bits: 8, samples: 3, photometric: 2, pixels: bytes, compression: 'packbits' }],
    { isBigEndian: true },
  ),
  png: buildPng({ columns: 37, rows: 29, bits: 8, type: 2, pixels: bytes }),
  jpeg: await buildJpeg({ columns: 37, rows: 29, samples: 3, pixels: bytes, isProgressive: true }),
  pdf: Buffer.from('%PDF-1.7 %%EOF'),
}
const rounds = 300

for (const [name, seed] of Object.entries(seeds)) {
  test(`whatever is done to it: ${name}`, { timeout: 120_000 }, async () => {
    const random = createRandom(7, name)
    let refused = 0
    for (let round = 0; round < rounds; round += 1) {
      const file = spoil(seed, () => random.uniform())
      const started = performance.now()
      try {
        const { objects } = await convertFile(sourceOf(file), requestOf())
        for (const object of objects) {
          let written = 0
          for await (const piece of object.write()) written += piece.length
          assert.ok(written < 200 * 1024 * 1024, `${written} bytes of ${file.length}`)
        }
      } catch (error) {
        if (!(error instanceof ConvertFault) && !(error instanceof DicomWriteError)) {
          throw new Error(`round ${round}: ${Buffer.from(file).toString('base64').slice(0, 4000)}`, { cause: error })
        }
        assert.ok(error.message.length < 300, error.message)
        refused += 1
      }
      assert.ok(performance.now() - started < 10_000, `round ${round} took too long`)
    }
    assert.ok(refused > rounds / 20, `${refused} refused`)
  })
}

function spoil(seed: Uint8Array, random: () => number): Uint8Array {
  const file = Uint8Array.from(seed)
  const changes = 1 + Math.floor(random() * 6)
  for (let change = 0; change < changes; change += 1) {
    // Most of what is to be broken stands at the beginning or at the end.
    const reach = random() < 0.5 ? Math.min(120, file.length) : file.length
    const at = random() < 0.5 ? Math.floor(random() * reach) : file.length - 1 - Math.floor(random() * reach)
    file[at] = random() < 0.3 ? 0xff : random() < 0.3 ? 0 : Math.floor(random() * 256)
  }
  if (random() < 0.2) return file.subarray(0, Math.floor(random() * file.length))
  return random() < 0.1 ? Buffer.concat([file, file]) : file
}
