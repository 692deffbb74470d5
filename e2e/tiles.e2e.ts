import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { signedFetch } from '@instandt/testkit'
import { attributesOf, buildInstance, type ImageOptions, uidOf } from '@instandt/testkit/files'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type PageOptions, type TestBrowser } from './src/browser.ts'
import { keepContexts, loseCard, openViewer, testDrawing, type Viewer } from './src/viewer-page.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser

// Three by three tiles, the far ones cut.
const [columns, rows] = [2600, 2200]
/** Every pixel unlike its neighbours: a picture out of place by one is another picture. */
const noise = (x: number, y: number): number => (Math.imul(x + 1, 2_654_435_761) ^ Math.imul(y + 1, 40_503)) >>> 20
/** Soft slopes: what is reduced looks as what is not. */
const slopes = (x: number, y: number): number => 1000 + ((x + 2 * y) >> 1)
const window = { WindowCenter: '2048', WindowWidth: '4096' }
const greyOf = (value: number): number => (value / 4095) * 255

const pixelsOf = (value: (x: number, y: number) => number, of = { columns, rows }): Uint8Array =>
  new Uint8Array(
    Uint16Array.from({ length: of.columns * of.rows }, (_, at) => value(at % of.columns, Math.floor(at / of.columns)))
      .buffer,
  )

/** Stores an image, waits for its rendition, and gives the address of its view. */
async function store(
  seed: string,
  image: Partial<ImageOptions>,
  values: Record<string, string | number> = {},
  isAwaited = true,
): Promise<string> {
  const bytes = buildInstance({
    seed,
    image: { bitsStored: 12, ...image },
    attributes: attributesOf({ ...window, ...values }),
  })
  await app.store(bytes as Uint8Array<ArrayBuffer>)
  const [study, series, instance] = [uidOf(seed, 'study'), uidOf(seed, 'series'), uidOf(seed, 'instance')]
  const deadline = Date.now() + 60_000
  while (isAwaited) {
    const answer = await signedFetch(`${app.url}/api/renditions/${study}/${series}/${instance}/1`)
    if (answer.status === 200) break
    assert.ok(Date.now() < deadline, `${seed} has no rendition: ${answer.status}`)
    await delay(100)
  }
  return `/inspections/${study}/view/${series}?instance=${instance}`
}
const show = (path: string, options: PageOptions = {}, prepare?: () => void): Promise<Viewer> =>
  openViewer(browser, app.url + path, options, prepare)
const inEnglish = (value: number): string => value.toLocaleString('en')

let noisePath: string
let slopesPath: string
before(async () => {
  if (skip) return
  app = await startApp({ DERIVE_THREADS: '1' })
  browser = await openBrowser()
  noisePath = await store('noise', { columns, rows, frame: () => pixelsOf(noise) })
  slopesPath = await store('slopes', { columns, rows, frame: () => pixelsOf(slopes) })
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

/** Rows of the picture against the values they show; pixels of screen and image must be one to one. */
async function checkRows(viewer: Viewer, value: (x: number, y: number) => number, tolerance: number): Promise<void> {
  for (const dy of [-300, -76, -75, 0, 200]) {
    const { reading } = await viewer.look(-350.5, dy + 0.5)
    const greys = await viewer.greys(-350.5, dy + 0.5, 700)
    const y = reading.y
    assert.equal(reading.value, inEnglish(value(reading.x, y)))
    greys.forEach((grey, at) => {
      const expected = greyOf(value(reading.x + at, y))
      assert.ok(Math.abs(grey - expected) <= tolerance, `grey ${grey} at ${reading.x + at}, ${y}: expected ${expected}`)
    })
  }
}

testDrawing('one to one, every pixel across the borders of tiles is the stored one', async (drawing) => {
  const viewer = await show(noisePath, { drawing })
  await viewer.page.keyboard.press('1')
  await viewer.says('zoom', '100 %')
  await viewer.isSharp()
  await checkRows(viewer, noise, 1.5)
  await viewer.close()
})

testDrawing('turned and mirrored, what is drawn, what is read and what is stored agree', async (drawing) => {
  const viewer = await show(slopesPath, { drawing })
  for (const key of ['r', 'h', 'r', 'v', 'i']) {
    await viewer.page.keyboard.press(key)
    await viewer.isSharp()
    for (const [dx, dy] of [
      [-150, -120],
      [130, 40],
      [20, 160],
    ] as const) {
      await viewer.look(dx, dy)
      await viewer.says('pixel', /: [\d,]+$/)
      const { reading, grey } = await viewer.look(dx, dy)
      const value = slopes(reading.x, reading.y)
      assert.equal(reading.value, inEnglish(value))
      const bright = greyOf(value)
      const expected = key === 'i' ? 255 - bright : bright
      assert.ok(
        Math.abs(grey - expected) <= 2,
        `${key}: grey ${grey} at ${reading.x}, ${reading.y}: expected ${expected}`,
      )
    }
  }
  await viewer.close()
})

testDrawing(
  'while full resolution is held back the overview is drawn, and no tool reads a value of it',
  async (drawing) => {
    const { page, complaints } = await browser.newPage({ drawing })
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/tiles/**', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(app.url + slopesPath)
    await page.waitForSelector('[data-resolution="reduced"]', { state: 'attached' })
    const box = (await page.getByTestId('viewer-surface').boundingBox())!
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    await page.mouse.move(middle.x, middle.y)
    const pixel = page.getByTestId('viewer-pixel')
    await pixel.filter({ hasText: 'full resolution is loading' }).waitFor()
    await page.getByTestId('viewer-refining').filter({ hasText: 'Loading full resolution' }).waitFor()
    const before = await page.getByTestId('viewer-window').innerText()
    await page.keyboard.press('a')
    await page.mouse.down()
    await page.mouse.move(middle.x + 60, middle.y + 40, { steps: 4 })
    await page.mouse.up()
    await page.getByTestId('viewer-refining').filter({ hasText: 'Reading the values' }).waitFor()
    assert.equal(await page.getByTestId('viewer-window').innerText(), before)
    release()
    await page.waitForFunction(
      (old) => document.querySelector('[data-testid="viewer-window"]')?.textContent !== old,
      before,
    )
    // The rectangle's own smallest and largest stored value, by what the pointer says at its corners.
    const [centre, width] = (await page.getByTestId('viewer-window').innerText())
      .match(/[\d,.]+/g)!
      .map((text) => Number(text.replace(/,/g, '')))
    await pixel.filter({ hasText: /: [\d,]+$/ }).waitFor()
    const cornerAt = async (x: number, y: number): Promise<number> => {
      await page.mouse.move(x, y)
      await page.waitForTimeout(50)
      const [, column, row] = /x (\d+), y (\d+)/.exec(await pixel.innerText())!
      return slopes(Number(column), Number(row))
    }
    const low = await cornerAt(middle.x, middle.y)
    const high = await cornerAt(middle.x + 60, middle.y + 40)
    assert.deepEqual([centre! - (width! - 1) / 2 - 0.5, width], [low, high - low + 1])
    await page.context().close()
    assert.deepEqual(complaints, [])
  },
)

test('a card that is lost again and again is left for the processor', { skip }, async () => {
  const viewer = await show(noisePath, { drawing: 'graphics' }, keepContexts)
  await viewer.page.keyboard.press('1')
  await viewer.isSharp()
  for (let loss = 0; loss < 6; loss += 1) {
    await loseCard(viewer)
    await viewer.page.waitForTimeout(150)
  }
  await viewer.page.keyboard.press('?')
  await viewer.page.getByText('Now: Processor.').waitFor()
  await viewer.page.keyboard.press('Escape')
  await viewer.page.getByRole('dialog').waitFor({ state: 'hidden' })
  await viewer.isSharp()
  await checkRows(viewer, noise, 1.5)
  await viewer.close()
})

test(
  'without WebGL, and unless somebody chooses otherwise without a real card, the processor draws',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage()
    await page.addInitScript(() => {
      const scope = globalThis as unknown as { taken: unknown[] }
      scope.taken = []
      // Called with its canvas below.
      // oxlint-disable-next-line typescript/unbound-method
      const original = HTMLCanvasElement.prototype.getContext
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...args: unknown[]) {
        scope.taken.push(kind)
        if (kind.startsWith('webgl') && location.hash === '#none') return null
        return original.apply(this, [kind, ...args] as unknown as Parameters<typeof original>)
      } as typeof original
    })
    for (const hash of ['', '#none']) {
      await page.goto('about:blank')
      await page.goto(app.url + slopesPath + hash)
      await page.waitForSelector('[data-resolution="full"]', { state: 'attached' })
      assert.ok((await page.evaluate(() => (globalThis as unknown as { taken: string[] }).taken)).includes('webgl2'))
      await page.getByTestId('viewer-surface').focus()
      await page.keyboard.press('?')
      await page.getByText('Now: Processor.').waitFor()
    }
    await page.getByText('Graphics card', { exact: true }).click()
    await page.goto(app.url + slopesPath)
    await page.waitForSelector('[data-resolution="full"]', { state: 'attached' })
    await page.keyboard.press('?')
    await page.getByText('Now: Graphics card.').waitFor()
    await page.context().close()
    assert.deepEqual(complaints, [])
  },
)

test('another way to draw shows the same image at once, as it stands', { skip }, async () => {
  const viewer = await show(slopesPath, { drawing: 'processor' })
  const { page } = viewer
  await viewer.isSharp()
  const [place, greys] = [await viewer.text('place'), await viewer.greys(-200, 10, 400)]
  for (const [name, drawing] of [
    ['Graphics card', 'graphics'],
    ['Processor', 'processor'],
  ] as const) {
    // Once the page has written its address itself.
    await page.waitForTimeout(400)
    await page.keyboard.press('?')
    await page.getByText(name, { exact: true }).click()
    await page.waitForSelector(`[data-drawn-by="${drawing}"]`, { state: 'attached' })
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await viewer.isSharp()
    assert.equal(await viewer.text('place'), place)
    const now = await viewer.greys(-200, 10, 400)
    assert.ok(
      now.every((grey, at) => Math.abs(grey - greys[at]!) <= 2),
      `${drawing}: ${now.slice(0, 8).join()} and ${greys.slice(0, 8).join()}`,
    )
  }
  await viewer.close()
})

test('a lost graphics card comes back with the same tiles', { skip }, async () => {
  const viewer = await show(noisePath, { drawing: 'graphics' }, keepContexts)
  await viewer.page.keyboard.press('1')
  await viewer.isSharp()
  await loseCard(viewer)
  await viewer.page.waitForTimeout(500)
  await viewer.isSharp()
  await checkRows(viewer, noise, 1.5)
  await viewer.close()
})

testDrawing('an image of one tile, signed, ends in full resolution with its exact values', async (drawing) => {
  const size = { columns: 1600, rows: 1200 }
  const signed = (x: number, y: number): number => noise(x, y) - 2048
  const pixels = Int16Array.from({ length: size.columns * size.rows }, (_, at) =>
    signed(at % size.columns, Math.floor(at / size.columns)),
  )
  const image = { ...size, isSigned: true, frame: () => new Uint8Array(pixels.buffer) }
  const viewer = await show(await store(`single-${drawing}`, image, { WindowCenter: '0' }), { drawing })
  await viewer.page.keyboard.press('1')
  await viewer.isSharp()
  for (const dy of [-200.5, 0.5, 150.5]) {
    const { reading } = await viewer.look(-300.5, dy)
    const greys = await viewer.greys(-300.5, dy, 600)
    assert.equal(reading.value, inEnglish(signed(reading.x, reading.y)))
    greys.forEach((grey, at) => {
      const expected = greyOf(noise(reading.x + at, reading.y))
      assert.ok(Math.abs(grey - expected) <= 1.5, `grey ${grey} at ${reading.x + at}: expected ${expected}`)
    })
  }
  await viewer.close()
})
