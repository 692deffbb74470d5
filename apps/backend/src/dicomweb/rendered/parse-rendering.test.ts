import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../app-error.ts'
import { parseRendering, partOf } from './parse-rendering.ts'

test('every parameter of the standard is read', () => {
  assert.deepEqual(parseRendering({}), {
    window: undefined,
    viewport: undefined,
    region: undefined,
    quality: 90,
    ignored: [],
  })
  assert.deepEqual(parseRendering({ window: '-40.5,1e3,sigmoid' }).window, {
    centre: -40.5,
    width: 1000,
    shape: 'sigmoid',
  })
  assert.deepEqual(parseRendering({ window: '40,80' }).window, { centre: 40, width: 80, shape: 'linear' })
  assert.deepEqual(parseRendering({ window: '1,0.5,linear-exact' }).window?.width, 0.5)
  assert.deepEqual(parseRendering({ viewport: '512,400' }).viewport, { width: 512, height: 400 })
  assert.deepEqual(parseRendering({ viewport: '512,400,10,20,-100,50' }).region, {
    left: 10,
    top: 20,
    width: -100,
    height: 50,
  })
  assert.deepEqual(parseRendering({ viewport: '5,4,,,,' }).region, {
    left: 0,
    top: 0,
    width: undefined,
    height: undefined,
  })
  assert.equal(parseRendering({ quality: '1' }).quality, 1)
  assert.deepEqual(parseRendering({ annotation: 'patient,technique', iccprofile: 'srgb' }).ignored, [
    'annotation',
    'iccprofile',
  ])
})

test('a malformed value is refused and its parameter named', () => {
  const wrong: [string, string][] = [
    ['quality', '0'],
    ['quality', '101'],
    ['quality', '1.5'],
    ['quality', 'high'],
    ['window', '40'],
    ['window', '40,x'],
    ['window', '40,80,cubic'],
    ['window', '40,80,linear,1'],
    ['window', '40,0.5,linear'],
    ['window', '40,0,linear-exact'],
    ['window', '40,-80,sigmoid'],
    ['viewport', '512'],
    ['viewport', '0,10'],
    ['viewport', '-5,10'],
    ['viewport', '10,10,1'],
    ['viewport', '10,10,-1,0,5,5'],
    ['viewport', '10,10,0,0,0,5'],
    ['viewport', '10,10,a,0,5,5'],
    ['viewport', '16385,1'],
    ['viewport', '16384,16384'],
    ['annotation', 'name'],
    ['iccprofile', 'cmyk'],
  ]
  for (const [name, value] of wrong) {
    assert.throws(
      () => parseRendering({ [name]: value }),
      (error) => error instanceof AppError && error.status === 400 && error.message.startsWith(`${name}: `),
      `${name}=${value}`,
    )
  }
  assert.throws(() => parseRendering({ window: ['1,2', '3,4'] }), /window: stands more than once/)
})

test('a part of the image lies within it', () => {
  const image = { columns: 100, rows: 50 }
  assert.deepEqual(partOf({ left: 10, top: 5, width: undefined, height: -20 }, image), {
    left: 10,
    top: 5,
    width: 90,
    height: -20,
  })
  for (const region of [
    { left: 10, top: 0, width: 91, height: 5 },
    { left: 0, top: 40, width: 5, height: -11 },
    { left: 100, top: 0, width: undefined, height: undefined },
  ]) {
    assert.throws(() => partOf(region, image), /viewport: .* 100 × 50/)
  }
})
