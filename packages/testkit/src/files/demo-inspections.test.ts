import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getNumbers, locateNativeFrame, readHeader, tags } from '@instandt/dicom'
import { demoInspections, type DemoFile } from './index.ts'
import { renderWeld } from './weld-radiograph.ts'

const files: DemoFile[] = []
for await (const file of demoInspections(3)) files.push(file)

test('makes three inspections that are DICONDE and read without a warning', async () => {
  assert.deepEqual([...new Set(files.map(({ name }) => name.split('/')[0]))], ['weld', 'panel', 'casting'])
  assert.equal(new Set(files.map(({ truth }) => truth.studyInstanceUid)).size, 3)
  assert.equal(new Set(files.map(({ truth }) => truth.sopInstanceUid)).size, files.length)
  assert.equal(files.filter(({ truth }) => truth.name.startsWith('casting')).length, 72)
  for (const { name, bytes, truth } of files) {
    const { dataset, warnings, isDiconde, frames } = await readHeader([bytes])
    assert.deepEqual(warnings, [], name)
    assert.ok(isDiconde, name)
    assert.equal(frames?.frameCount, truth.frames)
    assert.deepEqual(dataset[tags.sopInstanceUid]?.Value, [truth.sopInstanceUid])
    assert.deepEqual(dataset[tags.photometricInterpretation]?.Value, [truth.photometric])
    assert.deepEqual(getNumbers(dataset, tags.pixelSpacing), [truth.spacing, truth.spacing])
  }
})

test('the probes say what is stored', async () => {
  for (const { name, bytes, truth } of files) {
    assert.ok(truth.probes.length >= 2, name)
    const { frames } = await readHeader([bytes])
    if (!frames || frames.encapsulated) continue
    for (const { frame, column, row, value } of truth.probes) {
      const place = locateNativeFrame(frames, frame)
      assert.ok(place)
      const width = place.length / truth.rows / truth.columns
      const at = place.offset + (row * truth.columns + column) * width
      assert.equal(
        width === 1 ? bytes[at] : (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256,
        value,
        `${name} ${column},${row}`,
      )
    }
  }
})

test('the same seed makes the same bytes, another seed other ones', async () => {
  for await (const { name, bytes } of demoInspections(3)) {
    assert.deepEqual(bytes, files[0]?.bytes)
    assert.equal(name, files[0]?.name)
    break
  }
  for await (const { bytes, truth } of demoInspections(4)) {
    assert.notDeepEqual(bytes, files[0]?.bytes)
    assert.notEqual(truth.sopInstanceUid, files[0]?.truth.sopInstanceUid)
    break
  }
})

const weld = renderWeld(5, 'TEST')

/** Mean of a box, in grey values. */
function mean(column: number, row: number, halfWidth: number, halfHeight: number): number {
  let sum = 0
  let count = 0
  for (let y = Math.round(row - halfHeight); y <= row + halfHeight; y += 1) {
    for (let x = Math.round(column - halfWidth); x <= column + halfWidth; x += 1) {
      sum += weld.pixels[y * weld.columns + x] as number
      count += 1
    }
  }
  return sum / count
}

test('pores let radiation through, by about what is missing of the steel', () => {
  for (const { column, row, diameter } of weld.pores.filter((pore) => pore.diameter >= 1.2)) {
    const ring = (mean(column - 22, row, 2, 2) + mean(column + 22, row, 2, 2)) / 2
    const gain = Math.log(mean(column, row, 1, 1) / ring)
    assert.ok(gain > 0.045 * diameter && gain < 0.13 * diameter, `${diameter} mm: ${gain}`)
  }
})

test('wires weaken radiation the less the thinner they are', () => {
  const contrast = weld.wires.map(
    ({ column }) => 1 - mean(column, 600, 0, 40) / ((mean(column - 8, 600, 2, 40) + mean(column + 8, 600, 2, 40)) / 2),
  )
  assert.ok((contrast[0] ?? 0) > 0.015, `W10 is seen: ${contrast[0]}`)
  for (let at = 1; at < 5; at += 1)
    assert.ok((contrast[at] ?? 0) < (contrast[at - 1] ?? 0), `W${10 + at}: ${contrast.join()}`)
})

test('the wide pairs of the duplex indicator are two wires, the narrow ones one', () => {
  const dip = (index: number): number => {
    const { column, row, diameter } = weld.duplexPairs[index] ?? assert.fail()
    const turn = (3 * Math.PI) / 180
    // The profile along the indicator, averaged over the wires' length.
    const at = (millimetres: number): number => {
      let sum = 0
      for (let v = -40; v <= 40; v += 1) {
        const u = millimetres / weld.spacing
        const x = Math.round(column + u * Math.cos(turn) - v * Math.sin(turn))
        const y = Math.round(row + u * Math.sin(turn) + v * Math.cos(turn))
        sum += weld.pixels[y * weld.columns + x] as number
      }
      return sum / 81
    }
    const wires = (at(-diameter) + at(diameter)) / 2
    const open = (at(-diameter * 3 - 0.5) + at(diameter * 3 + 0.5)) / 2
    return (at(0) - wires) / (open - wires)
  }
  assert.ok(dip(0) > 0.9, `D1: ${dip(0)}`)
  assert.ok(dip(3) > 0.6, `D4: ${dip(3)}`)
  assert.ok(dip(9) < 0.2, `D10: ${dip(9)}`)
})

test('the radiograph has the noise of a good exposure and uses its range', () => {
  let sum = 0
  let squares = 0
  const count = 60 * 60
  for (let y = 1200; y < 1260; y += 1) {
    for (let x = 300; x < 360; x += 1) {
      const value = weld.pixels[y * weld.columns + x] as number
      sum += value
      squares += value * value
    }
  }
  const average = sum / count
  const ratio = average / Math.sqrt(squares / count - average * average)
  assert.ok(ratio > 70 && ratio < 200, `signal to noise ${ratio}`)
  assert.ok(average > 8_000 && average < 40_000)
})
