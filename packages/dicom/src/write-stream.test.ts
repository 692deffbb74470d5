import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explicitLittle, join, readFile } from './chunked.fixture.ts'
import { tags } from './dictionary/index.ts'
import type { Dataset } from './types.ts'
import { writePart10 } from './write-part10.ts'
import { type PieceValue, writePart10Stream } from './write-stream.ts'

const dataset: Dataset = {
  [tags.sopClassUid]: { vr: 'UI', Value: ['1.2.3'] },
  [tags.sopInstanceUid]: { vr: 'UI', Value: ['1.2.3.4'] },
  [tags.rows]: { vr: 'US', Value: [1] },
  [tags.columns]: { vr: 'US', Value: [3] },
  [tags.bitsAllocated]: { vr: 'US', Value: [8] },
  [tags.samplesPerPixel]: { vr: 'US', Value: [1] },
  [tags.dataSetTrailingPadding]: { vr: 'OB', InlineBinary: 'AAA=' },
}

async function write(value: Partial<PieceValue>, pieces: number[][], transferSyntaxUid = explicitLittle) {
  const stream = async function* () {
    for (const piece of pieces) yield Uint8Array.from(piece)
  }
  const written: Uint8Array[] = []
  const whole = { tag: tags.pixelData, vr: 'OB' as const, length: 3, pieces: stream(), ...value }
  for await (const piece of writePart10Stream(dataset, { transferSyntaxUid, value: whole })) written.push(piece)
  return join(written)
}

test('a streamed value gives the file that one in memory gives, padded', async () => {
  const inMemory = join(
    writePart10(dataset, { transferSyntaxUid: explicitLittle, pixels: { vr: 'OB', pieces: [Uint8Array.of(1, 2, 3)] } }),
  )
  assert.deepEqual(await write({}, [[1], [2, 3]]), inMemory)
})

test('an encapsulated one is a single fragment', async () => {
  const syntax = '1.2.840.10008.1.2.4.50'
  const frames = [Uint8Array.of(1, 2, 3)]
  const inMemory = join(writePart10(dataset, { transferSyntaxUid: syntax, pixels: { frames } }))
  assert.deepEqual(await write({ isEncapsulated: true }, [[1, 2], [3]], syntax), inMemory)
  assert.equal(readFile(inMemory).frames?.frameCount, 1)
})

test('elements stand on both sides of a document', async () => {
  const file = await write({ tag: tags.encapsulatedDocument }, [[37, 80, 68]])
  const { dataset: read } = readFile(file)
  assert.deepEqual(Object.keys(read), Object.keys(read).toSorted())
  assert.equal(read[tags.encapsulatedDocument]?.InlineBinary, 'JVBEAA==')
})

test('other bytes than were announced end the writing', async () => {
  await assert.rejects(write({}, [[1, 2]]), /2 bytes came, 3 were announced/)
  await assert.rejects(write({}, [[1, 2, 3, 4]]), /More than the 3 bytes/)
  await assert.rejects(write({ length: 2 ** 32 }, []), /do not fit/)
})
