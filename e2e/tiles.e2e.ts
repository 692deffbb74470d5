import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { signedFetch } from '@instandt/testkit'
import { attributesOf, buildInstance, type ImageOptions, uidOf } from '@instandt/testkit/files'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type PageOptions, type TestBrowser } from './src/browser.ts'
import { openViewer, type Viewer } from './src/viewer-page.ts'

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
const greyOf = (value: number): number => ((value - 0) / 4095) * 255

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
  app = await startApp({}, true)
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

test('one to one, every pixel across the borders of tiles is the stored one', { skip }, async () => {
  const viewer = await show(noisePath)
  await viewer.page.keyboard.press('1')
  await viewer.says('zoom', '100 %')
  await viewer.isSharp()
  await checkRows(viewer, noise, 1.5)
  await viewer.close()
})
