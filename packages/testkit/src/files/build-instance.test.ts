import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  getString,
  locateNativeFrame,
  readFrameEntry,
  FRAME_ENTRY_BYTES,
  readHeader,
  tags,
  transferSyntaxes,
} from '@instandt/dicom'
import { attributesOf, buildInstance, streamInstance, uidOf } from './index.ts'

const rows = 5
const columns = 7
const image = { rows, columns, frames: 3, fragments: 2 }
const frameOf = (index: number): Uint8Array =>
  Uint8Array.from({ length: rows * columns * 2 }, (_, at) => (at * 7 + index * 31 + (at >> 4)) & 0xff)

test('writes every transfer syntax so that the reader finds its frames and nothing amiss', async () => {
  for (const { uid, name, encapsulated, mediaType, deflated } of transferSyntaxes) {
    for (const offsetTable of encapsulated ? (['none', 'basic', 'extended'] as const) : (['none'] as const)) {
      const file = buildInstance({
        transferSyntaxUid: uid,
        image: { ...image, offsetTable, frame: frameOf, fragments: offsetTable === 'basic' ? 2 : 1 },
      })
      const { frames, warnings, transferSyntaxUid } = await readHeader([file])
      assert.deepEqual(warnings, [], name)
      assert.equal(transferSyntaxUid, uid)
      assert.ok(frames)
      const isStream = mediaType.startsWith('video/')
      assert.equal(frames.frameCount, isStream ? 1 : 3, `${name}, ${offsetTable}`)
      if (deflated || isStream || uid === '1.2.840.10008.1.2.5') continue
      for (let index = 0; index < 3; index += 1) {
        const entry = frames.table && readFrameEntry(frames.table.subarray(index * FRAME_ENTRY_BYTES))
        const place = entry ? { offset: entry.offset, length: entry.span } : locateNativeFrame(frames, index + 1)
        assert.ok(place)
        if (entry && entry.fragments > 1) continue
        const stored = file.slice(place.offset, place.offset + rows * columns * 2)
        if (frames.swapBytes === 2) for (let at = 0; at < stored.length; at += 2) stored.subarray(at, at + 2).reverse()
        assert.deepEqual(stored, frameOf(index), `${name}, frame ${index + 1}`)
      }
    }
  }
})

test('writes a file of any size with the memory of one frame', async () => {
  const frames = 300
  let made = 0
  const shared = new Uint8Array(1024 * 1024 * 2)
  const pieces = streamInstance({ image: { rows: 1024, columns: 1024, frames, frame: () => ((made += 1), shared) } })
  let length = 0
  let isAhead = false
  let longest = 0
  for (const piece of pieces) {
    length += piece.length
    longest = Math.max(longest, piece.length)
    // The frame made last is the one in hand: nothing was made to be kept.
    if (piece === shared && made * shared.length > length) isAhead = true
  }
  assert.equal(isAhead, false)
  assert.equal(longest, shared.length)
  assert.ok(length > frames * shared.length && length < frames * shared.length + 2000)
})

test('takes attributes away, adds and replaces them', async () => {
  const attributes = {
    ...attributesOf({ PatientName: 'Gehäuse^Größe=殻', MaterialThickness: ['3', '4.5'] }),
    [tags.studyId]: undefined,
  }
  const { dataset } = await readHeader([buildInstance({ attributes })])
  assert.deepEqual(dataset[tags.patientName], { vr: 'PN', Value: [{ Alphabetic: 'Gehäuse^Größe', Ideographic: '殻' }] })
  assert.deepEqual(dataset['00140030'], { vr: 'DS', Value: [3, 4.5] })
  assert.equal(dataset[tags.studyId], undefined)
  assert.throws(() => attributesOf({ NoSuchKeyword: 1 }), RangeError)
})

test('writes text in the character set that it declares', async () => {
  for (const [set, text] of [
    ['ISO_IR 100', 'Größe'],
    ['ISO_IR 144', 'Труба'],
    ['ISO_IR 192', '焊缝'],
  ] as const) {
    const { dataset } = await readHeader([
      buildInstance({ characterSets: [set], attributes: attributesOf({ StudyDescription: text }) }),
    ])
    assert.equal(getString(dataset, tags.studyDescription), text)
  }
})

test('the same name makes the same file, another one other UIDs', async () => {
  assert.deepEqual(buildInstance({ seed: 'a' }), buildInstance({ seed: 'a' }))
  assert.notEqual(uidOf('a', 'b'), uidOf('a', 'c'))
  assert.match(uidOf('a'), /^2\.25\.[1-9][0-9]{20,38}$/)
})

test('writes single bits, signed, 32-bit and colour images', async () => {
  for (const kind of [
    { bitsAllocated: 1, bitsStored: 1, rows: 3, columns: 5, frames: 2 },
    { bitsAllocated: 16, bitsStored: 12, isSigned: true },
    { bitsAllocated: 32, bitsStored: 32 },
    { bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 },
  ] as const) {
    const { frames, warnings } = await readHeader([buildInstance({ image: kind })])
    assert.deepEqual(warnings, [])
    assert.equal(frames?.frameCount, 'frames' in kind ? kind.frames : 1)
  }
  const { frames, warnings } = await readHeader([buildInstance({ image: null })])
  assert.equal(frames, undefined)
  assert.deepEqual(warnings, [])
})
