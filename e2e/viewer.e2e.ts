import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, demoInspections, type DemoTruth, uidOf } from '@instandt/testkit/files'
import { writeFlatJpeg, writeLosslessJpeg } from '../packages/pixels/src/jpeg-writer.fixture.ts'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { encodeLossless } from './src/encoders.ts'
import { keepContexts, loseCard, openViewer, testDrawing, type Viewer, viewerIn } from './src/viewer-page.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser
const truths: DemoTruth[] = []

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  for await (const { bytes, truth } of demoInspections()) {
    await app.store(bytes as Uint8Array<ArrayBuffer>)
    truths.push(truth)
  }
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

type Address = Pick<DemoTruth, 'studyInstanceUid' | 'seriesInstanceUid' | 'sopInstanceUid'>
const viewPath = ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Address): string =>
  `/inspections/${studyInstanceUid}/view/${seriesInstanceUid}?instance=${sopInstanceUid}`
const show = (path: string, options = {}): Promise<Viewer> => openViewer(browser, app.url + path, options)
const truthOf = (name: string): DemoTruth => truths.find((truth) => truth.name.includes(name))!
const inEnglish = (value: number): string => value.toLocaleString('en')

// A chessboard of 8 × 8 fields, each of one value, so that a field is a large target for mouse and eye.
const fields = 8
const fieldSize = 8
const side = fields * fieldSize
const fieldValue = (column: number, row: number): number => 40 + 55 * (column + fields * row)
const valueAt = (x: number, y: number): number => fieldValue(Math.floor(x / fieldSize), Math.floor(y / fieldSize))
const board = Uint16Array.from({ length: side * side }, (_, index) => valueAt(index % side, Math.floor(index / side)))
const window = { lower: fieldValue(0, 0), upper: fieldValue(7, 7) }

/** Stores the board, compressed or not, and gives the address of its view. */
async function storeBoard(
  seed: string,
  transferSyntaxUid: string,
  frame: Uint8Array,
  values: Record<string, string | number> = {},
  bits: { bitsAllocated: 8 | 16; bitsStored: number } = { bitsAllocated: 16, bitsStored: 12 },
): Promise<string> {
  const image = { rows: side, columns: side, ...bits, frame: () => frame }
  const bytes = buildInstance({ seed, transferSyntaxUid, image, attributes: attributesOf(values) })
  await app.store(bytes as Uint8Array<ArrayBuffer>)
  return viewPath({
    studyInstanceUid: uidOf(seed, 'study'),
    seriesInstanceUid: uidOf(seed, 'series'),
    sopInstanceUid: uidOf(seed, 'instance'),
  })
}

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const boardBytes = new Uint8Array(board.buffer)
const someFields = [0, 3, 7]

/** Field of the file that should be seen at a field of the screen. */
type Placement = (column: number, row: number) => [column: number, row: number]

/** On nine fields of the screen: the right pixel, its stored value, and a grey that fits it. */
async function checkBoard(viewer: Viewer, placement: Placement, isInverted = false): Promise<void> {
  const zoom = await viewer.zoom()
  for (const row of someFields) {
    for (const column of someFields) {
      const [fromColumn, fromRow] = placement(column, row)
      const value = fieldValue(fromColumn, fromRow)
      const offset = (field: number): number => (field - (fields - 1) / 2) * fieldSize * zoom
      const { reading, grey } = await viewer.look(offset(column), offset(row))
      assert.equal(Math.floor(reading.x / fieldSize), fromColumn, `column at ${column}, ${row}`)
      assert.equal(Math.floor(reading.y / fieldSize), fromRow, `row at ${column}, ${row}`)
      assert.equal(reading.value, inEnglish(value))
      const bright = ((value - window.lower) / (window.upper - window.lower)) * 255
      const expected = isInverted ? 255 - bright : bright
      assert.ok(Math.abs(grey - expected) <= 3, `grey ${grey} at ${column}, ${row}, expected ${expected.toFixed(0)}`)
    }
  }
}
const asStored: Placement = (column, row) => [column, row]
const last = fields - 1

test('the made-up inspections show their known values under the cursor', { skip }, async () => {
  for (const name of ['view-1', 'depth-gates', 'slice']) {
    const truth = truthOf(name)
    const distance = ({ column, row }: { column: number; row: number }): number =>
      Math.abs(column - truth.columns / 2) + Math.abs(row - truth.rows / 2)
    const probe = truth.probes.filter(({ frame }) => frame === 1).sort((a, b) => distance(a) - distance(b))[0]!
    const viewer = await show(viewPath(truth))
    const text = await viewer.walkTo(probe.column, probe.row)
    const expected = `x ${probe.column}, y ${probe.row}: ${inEnglish(Number(probe.value))}`
    assert.ok(text === expected || text.startsWith(`${expected} (`), `${name}: '${text}', expected '${expected}'`)
    assert.match(await viewer.text('component'), new RegExp(truth.componentId))
    await viewer.close()
  }
})

testDrawing('what is drawn, what is read and what is stored agree in every position', async (drawing) => {
  const viewer = await show(await storeBoard(`positions-${drawing}`, explicitLittleEndian, boardBytes), { drawing })
  await viewer.says('window', /^C [\d,.]+ W 3,466$/)
  await checkBoard(viewer, asStored)
  await viewer.page.keyboard.press('h')
  await checkBoard(viewer, (column, row) => [last - column, row])
  await viewer.page.keyboard.press('r')
  // Clockwise, of the mirrored picture: the left edge was its bottom.
  await checkBoard(viewer, (column, row) => [last - row, last - column])
  await viewer.page.keyboard.press('0')
  await viewer.page.keyboard.press('r')
  await checkBoard(viewer, (column, row) => [row, last - column])
  await viewer.page.keyboard.press('v')
  await checkBoard(viewer, (column, row) => [last - row, last - column])
  await viewer.page.keyboard.press('0')
  await viewer.page.keyboard.press('i')
  await checkBoard(viewer, asStored, true)
  await viewer.close()
})

testDrawing('MONOCHROME1 is white at the lowest value, and its stored values stay what they are', async (drawing) => {
  const path = await storeBoard(`monochrome1-${drawing}`, explicitLittleEndian, boardBytes, {
    PhotometricInterpretation: 'MONOCHROME1',
  })
  const viewer = await show(path, { drawing })
  await checkBoard(viewer, asStored, true)
  await viewer.page.keyboard.press('i')
  await checkBoard(viewer, asStored)
  await viewer.close()
})

test('every compression that can be written here is read back exactly', { skip }, async () => {
  const size = { columns: side, rows: side, bitsStored: 12 }
  const flat = (precision: 8 | 12, value: (column: number, row: number) => number): Uint8Array =>
    writeFlatJpeg({ columns: side, rows: side, precision, planes: [{ h: 1, v: 1, block: value }] })
  const frames: [name: string, uid: string, frame: Uint8Array][] = [
    ['RLE', '1.2.840.10008.1.2.5', boardBytes],
    ['JPEG extended', '1.2.840.10008.1.2.4.51', flat(12, fieldValue)],
    ['JPEG lossless', '1.2.840.10008.1.2.4.70', writeLosslessJpeg(board, side, side, 12)],
    ['JPEG-LS', '1.2.840.10008.1.2.4.80', await encodeLossless('jpeg-ls', board, size)],
    ['JPEG 2000', '1.2.840.10008.1.2.4.90', await encodeLossless('jpeg-2000', board, size)],
    ['HTJ2K', '1.2.840.10008.1.2.4.201', await encodeLossless('htj2k', board, size)],
  ]
  for (const [name, uid, frame] of frames) {
    const viewer = await show(await storeBoard(`syntax ${name}`, uid, frame))
    await checkBoard(viewer, asStored).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
    await viewer.close()
  }
  const eight = flat(8, (column, row) => 3 * (column + fields * row))
  const bits = { bitsAllocated: 8, bitsStored: 8 } as const
  const viewer = await show(await storeBoard('syntax baseline', '1.2.840.10008.1.2.4.50', eight, {}, bits))
  assert.equal((await viewer.look(0.5, 0.5)).reading.value, String(3 * (4 + fields * 4)))
  await viewer.close()
})

test('big endian and deflated files are read as what they are', { skip }, async () => {
  for (const uid of ['1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2']) {
    const viewer = await show(await storeBoard(`syntax ${uid}`, uid, boardBytes))
    await checkBoard(viewer, asStored)
    await viewer.close()
  }
})

testDrawing('a rescaled value stands beside the stored one, and windows are in its units', async (drawing) => {
  const path = await storeBoard(`rescale-${drawing}`, explicitLittleEndian, boardBytes, {
    RescaleSlope: '2',
    RescaleIntercept: '-1000',
    RescaleType: 'OD',
    WindowCenter: '0',
    WindowWidth: '2000',
  })
  const viewer = await show(path, { drawing })
  await viewer.says('window', 'C 0 W 2,000')
  await viewer.look(0.5, 0.5)
  const stored = fieldValue(4, 4)
  assert.match(
    await viewer.text('pixel'),
    new RegExp(`: ${inEnglish(stored)} \\(${inEnglish(stored * 2 - 1000)} OD\\)$`),
  )
  await viewer.close()
})

testDrawing('the window follows the mouse, the presets, typed numbers and a rectangle', async (drawing) => {
  const { page, says, text, close } = await show(
    await storeBoard(`window-${drawing}`, explicitLittleEndian, boardBytes),
    {
      drawing,
    },
  )
  const before = await text('window')
  const box = (await page.getByTestId('viewer-surface').boundingBox())!
  await page.mouse.move(box.x + 300, box.y + 300)
  await page.mouse.down()
  await page.mouse.move(box.x + 360, box.y + 320, { steps: 5 })
  await page.mouse.up()
  assert.notEqual(await text('window'), before)

  await page.getByTestId('viewer-presets').click()
  await page.getByRole('menuitemradio', { name: 'Full range' }).click()
  await says('window', 'C 2,048 W 4,096')
  await page.getByTestId('viewer-centre').fill('500')
  await page.getByTestId('viewer-width').fill('101')
  await says('window', 'C 500 W 101')
  await page.keyboard.press('Escape')

  // A rectangle inside one row of fields: from the value of its first field to that of its last.
  await page.keyboard.press('a')
  const zoom = Number((await text('zoom')).replace(/[^\d.]/g, '')) / 100
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  await page.mouse.move(middle.x - 2 * zoom, middle.y + 2 * zoom)
  await page.mouse.down()
  await page.mouse.move(middle.x + 2 * zoom, middle.y + 4 * zoom, { steps: 4 })
  await page.mouse.up()
  const [low, high] = [fieldValue(3, 4), fieldValue(4, 4)]
  await says('window', `C ${(low + high + 1) / 2} W ${high - low + 1}`.replace(/(\d)(\d{3})/g, '$1,$2'))
  await close()
})

testDrawing('1:1 puts one image pixel on one pixel of the screen, fit shows all of it', async (drawing) => {
  const viewer = await show(viewPath(truthOf('view-1')), { drawing })
  const fitted = await viewer.zoom()
  await viewer.page.keyboard.press('1')
  await viewer.says('zoom', '100 %')
  const left = await viewer.look(-100, 0)
  const right = await viewer.look(100, 0)
  assert.equal(right.reading.x - left.reading.x, 200)
  await viewer.page.keyboard.press('f')
  assert.equal(await viewer.zoom(), fitted)
  await viewer.close()
})

test(
  'a stack is walked by keys, wheel, slider and play; the address follows and opens the same image again',
  { skip },
  async () => {
    const truth = truthOf('slice')
    const viewer = await show(`/inspections/${truth.studyInstanceUid}/view/${truth.seriesInstanceUid}`)
    const { page, says } = viewer
    await says('place', 'Image 1 of 72')
    await page.keyboard.press('ArrowDown')
    await says('place', 'Image 2 of 72')
    await page.keyboard.press('PageDown')
    await says('place', 'Image 12 of 72')
    await page.keyboard.press('End')
    await says('place', 'Image 72 of 72')
    await page.getByTestId('viewer-scrub').fill('40')
    await says('place', 'Image 40 of 72')
    await viewer.look(0, 0)
    await page.mouse.wheel(0, 100)
    await says('place', 'Image 41 of 72')
    await page.waitForURL(/instance=/)
    await says('live', 'Image 41 of 72')
    const address = page.url()
    const value = await viewer.text('pixel')

    const again = await show(address.slice(app.url.length))
    await again.says('place', 'Image 41 of 72')
    await again.look(0, 0)
    assert.equal(await again.text('pixel'), value)
    await again.close()

    await page.keyboard.press('Home')
    await page.keyboard.press('Space')
    await says('place', /Image ([5-9]|\d\d) of 72/)
    await page.keyboard.press('Space')
    await viewer.close()
  },
)

test('frames of one file are images of the stack', { skip }, async () => {
  const truth = truthOf('depth-gates')
  const viewer = await show(`${viewPath(truth)}&frame=7`)
  await viewer.says('place', `Image 7 of ${truth.frames} · frame 7 of ${truth.frames}`)
  await viewer.page.keyboard.press('ArrowDown')
  await viewer.says('place', `Image 8 of ${truth.frames} · frame 8 of ${truth.frames}`)
  await viewer.page.waitForURL(/frame=8/)
  await viewer.close()
})

test('damaged pixels and objects without any get words, and the images beside them go on', { skip }, async () => {
  const group = { studyInstanceUid: uidOf('faults', 'study'), seriesInstanceUid: uidOf('faults', 'series') }
  const store = async (seed: string, number: string, change: Parameters<typeof buildInstance>[0]): Promise<void> => {
    const attributes = { ...attributesOf({ InstanceNumber: number }), ...change?.attributes }
    await app.store(buildInstance({ seed, ...group, ...change, attributes }) as Uint8Array<ArrayBuffer>)
  }
  const image = { rows: side, columns: side, bitsStored: 12, frame: () => boardBytes }
  await store('fault good', '1', { image })
  await store('fault damaged', '2', {
    transferSyntaxUid: '1.2.840.10008.1.2.4.90',
    image: { ...image, frame: () => new Uint8Array(64) },
  })
  await store('fault video', '3', {
    transferSyntaxUid: '1.2.840.10008.1.2.4.102',
    image: { ...image, frame: () => new Uint8Array(64) },
  })
  await store('fault none', '4', { image: null })
  const viewer = await show(viewPath({ ...group, sopInstanceUid: uidOf('fault good', 'instance') }))
  const { page, says } = viewer
  await checkBoard(viewer, asStored)
  await page.keyboard.press('ArrowDown')
  await says('fault', /This image cannot be shown.*damaged/s)
  await page.keyboard.press('ArrowDown')
  await says('fault', /This is a video/)
  await page.keyboard.press('ArrowDown')
  await says('fault', /This object has no picture/)
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download the file' }).click()
  assert.equal((await download).suggestedFilename(), `${uidOf('fault none', 'instance')}.dcm`)
  await page.keyboard.press('Home')
  await checkBoard(viewer, asStored)
  await viewer.close()
})

test('a view or an image that is not there gets words', { skip }, async () => {
  const { page } = await browser.newPage()
  await page.goto(`${app.url}/inspections/1.2.3/view/1.2.4`)
  await page.getByRole('heading', { name: 'Not found' }).first().waitFor()
  const { studyInstanceUid, seriesInstanceUid } = truthOf('view-1')
  await page.goto(app.url + viewPath({ studyInstanceUid, seriesInstanceUid, sopInstanceUid: '1.2.5' }))
  await page.getByTestId('viewer-fault').getByText('Not found').waitFor()
  await page.context().close()
})

test('an image larger than any texture is drawn smaller and read exactly', { skip }, async () => {
  const [columns, rows] = [9000, 40]
  const value = (x: number, y: number): number => (x * 7 + y * 13) & 0xfff
  const pixels = Uint16Array.from({ length: columns * rows }, (_, index) =>
    value(index % columns, Math.floor(index / columns)),
  )
  const image = { rows, columns, bitsStored: 12, frame: () => new Uint8Array(pixels.buffer) }
  await app.store(buildInstance({ seed: 'wide', image }) as Uint8Array<ArrayBuffer>)
  const address = { studyInstanceUid: uidOf('wide', 'study'), seriesInstanceUid: uidOf('wide', 'series') }
  const viewer = await show(viewPath({ ...address, sopInstanceUid: uidOf('wide', 'instance') }), {
    drawing: 'graphics',
  })
  assert.match(await viewer.page.locator('body').innerText(), /Drawn at 1\/2 of its size; values are exact/)
  const { reading } = await viewer.look(120, 0)
  assert.equal(reading.value, inEnglish(value(reading.x, reading.y)))
  await viewer.close()
})

testDrawing('colours are those of the file, also turned and inverted', async (drawing) => {
  const colourOf = (column: number, row: number): number[] => [31 * column, 29 * row, 255 - 17 * (column + row)]
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3)
    return colourOf(Math.floor((pixel % side) / fieldSize), Math.floor(pixel / side / fieldSize))[at % 3]!
  })
  const colours = { samplesPerPixel: 3, photometric: 'RGB', bitsAllocated: 8, bitsStored: 8 } as const
  const image = { rows: side, columns: side, ...colours, frame: () => pixels }
  const seed = `colours-${drawing}`
  await app.store(buildInstance({ seed, image }) as Uint8Array<ArrayBuffer>)
  const address = { studyInstanceUid: uidOf(seed, 'study'), seriesInstanceUid: uidOf(seed, 'series') }
  const viewer = await show(viewPath({ ...address, sopInstanceUid: uidOf(seed, 'instance') }), { drawing })
  const check = async (placement: Placement, isInverted = false): Promise<void> => {
    const zoom = await viewer.zoom()
    const offset = (field: number): number => (field - (fields - 1) / 2) * fieldSize * zoom
    for (const row of someFields)
      for (const column of someFields) {
        const expected = colourOf(...placement(column, row)).map((part) => (isInverted ? 255 - part : part))
        const { colour } = await viewer.look(offset(column), offset(row))
        assert.ok(
          colour.every((part, at) => Math.abs(part - expected[at]!) <= 1),
          `${colour.join()} at ${column}, ${row}: expected ${expected.join()}`,
        )
      }
  }
  await check(asStored)
  await viewer.page.keyboard.press('i')
  await check(asStored, true)
  await viewer.page.keyboard.press('r')
  await check((column, row) => [row, last - column], true)
  await viewer.close()
})

testDrawing('pixels twice as high as wide are drawn so', async (drawing) => {
  const path = await storeBoard(`aspect-${drawing}`, explicitLittleEndian, boardBytes, { PixelSpacing: '0.2\\0.1' })
  const viewer = await show(path, { drawing })
  const zoom = await viewer.zoom()
  const { reading } = await viewer.look(10 * zoom, 10 * zoom)
  const middle = (side - 1) / 2
  assert.ok(
    Math.abs(reading.x - (middle + 10)) <= 1 && Math.abs(reading.y - (middle + 5)) <= 1,
    JSON.stringify(reading),
  )
  await viewer.close()
})

test('a lost graphics card comes back with the same picture', { skip }, async () => {
  const path = await storeBoard('context', explicitLittleEndian, boardBytes)
  const viewer = await openViewer(browser, app.url + path, { drawing: 'graphics' }, keepContexts)
  await checkBoard(viewer, asStored)
  await loseCard(viewer)
  await viewer.page.waitForTimeout(500)
  await viewer.page.keyboard.press('h')
  await checkBoard(viewer, (column, row) => [last - column, row])
  await viewer.close()
})

test('nothing is read from a picture whose renderer is still on its way, or cannot be had', { skip }, async () => {
  const path = await storeBoard('renderer', explicitLittleEndian, boardBytes)
  const opened = await browser.newPage({ drawing: 'graphics' })
  const { page, complaints } = opened
  const part = (name: string) => page.getByTestId(`viewer-${name}`)
  let isLineDown = true
  const released = Promise.withResolvers<void>()
  await page.route(/\/whole-stage-[^/]*\.js/, async (route) => {
    if (isLineDown) return route.abort()
    await released.promise
    await route.continue()
  })
  await page.goto(app.url + path)
  await part('fault').waitFor()
  isLineDown = false
  await part('fault').getByRole('button').first().click()
  await part('loading').waitFor()
  // The frame came long ago.
  await page.waitForTimeout(500)
  assert.equal(await part('zoom').count(), 0)
  assert.equal(await part('loading').count(), 1)
  released.resolve()
  const viewer = await viewerIn(opened)
  await checkBoard(viewer, asStored)
  assert.match(complaints.splice(0).join(), /whole-stage/)
  await viewer.close()
})

test('another way to draw shows the same image in the same way', { skip }, async () => {
  const viewer = await show(await storeBoard('another-way', explicitLittleEndian, boardBytes), { drawing: 'graphics' })
  const { page } = viewer
  for (const key of ['1', 'h', 'i']) await page.keyboard.press(key)
  await page.getByTestId('viewer-presets').click()
  await page.getByTestId('viewer-centre').fill('500')
  await page.getByTestId('viewer-width').fill('101')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByText('Processor', { exact: true }).click()
  await page.waitForSelector('[data-drawn-by="processor"]', { state: 'attached' })
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await viewer.says('window', 'C 500 W 101')
  assert.equal(await viewer.zoom(), 1)
  // Mirrored and inverted: low values of the first row, seen from its last field, are white.
  const corner = ((fields - 1) / 2) * fieldSize
  const [low, high] = [await viewer.look(-corner, -corner), await viewer.look(corner, corner)]
  assert.deepEqual([low.reading.value, low.grey], [inEnglish(fieldValue(last, 0)), 255])
  assert.deepEqual([high.reading.value, high.grey], [inEnglish(fieldValue(0, last)), 0])
  await viewer.close()
})

test('a decoder that cannot be fetched blames no image, and is asked for again', { skip }, async () => {
  const frame = await encodeLossless('jpeg-ls', board, { columns: side, rows: side, bitsStored: 12 })
  const path = await storeBoard('decoder', '1.2.840.10008.1.2.4.80', frame)
  const opened = await browser.newPage()
  const { page } = opened
  const fault = page.getByTestId('viewer-fault')
  let isLineDown = true
  await page.route(/charls/, (route) => (isLineDown ? route.abort() : route.continue()))
  await page.goto(app.url + path)
  await fault.waitFor()
  assert.match(await fault.innerText(), /program that shows this image could not be loaded/)
  isLineDown = false
  await fault.getByRole('button', { name: 'Try again' }).click()
  const viewer = await viewerIn(opened)
  await checkBoard(viewer, asStored)
  await viewer.close()
})

test('two fingers zoom about their middle', { skip }, async () => {
  const viewer = await show(await storeBoard('touch', explicitLittleEndian, boardBytes), {
    width: 390,
    height: 844,
    isTouch: true,
  })
  const { page } = viewer
  const before = await viewer.zoom()
  const box = (await page.getByTestId('viewer-surface').boundingBox())!
  const session = await page.context().newCDPSession(page)
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const fingers = (apart: number) => [
    { x: middle.x - apart, y: middle.y, id: 1 },
    { x: middle.x + apart, y: middle.y, id: 2 },
  ]
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(40) })
  await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(60) })
  await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(80) })
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await page.waitForTimeout(100)
  const ratio = (await viewer.zoom()) / before
  assert.ok(ratio > 1.9 && ratio < 2.1, `zoomed by ${ratio}`)
  await viewer.close()
})

test(
  'German, light colours and a narrow window show the same viewer, dark, without medical words',
  { skip },
  async () => {
    const viewer = await show(viewPath(truthOf('view-1')), {
      language: 'de',
      colours: 'light',
      width: 390,
      height: 844,
    })
    await viewer.says('place', 'Bild 1 von 1')
    const words = await viewer.page.locator('#viewer').innerText()
    assert.match(words, /Fenster/)
    assert.doesNotMatch(words, /patient|arzt|study|studie/i)
    const background = await viewer.page
      .locator('#viewer')
      .evaluate((element) => getComputedStyle(element).backgroundColor)
    assert.equal(background, 'rgb(0, 0, 0)')
    await viewer.close()
  },
)
