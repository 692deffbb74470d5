import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  const slope = new Uint16Array(200 * 100).map((_, at) => at % 200)
  const image = { columns: 200, rows: 100, frame: () => new Uint8Array(slope.buffer) }
  for (const [seed, options] of [
    ['weld', { image }],
    ['report', { image: null }],
  ] as const) {
    const file = buildInstance({ seed, ...options, attributes: attributesOf({ PatientName: seed }) })
    await app.store(file as Uint8Array<ArrayBuffer>)
  }
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

/** Boxes of all pictures, and whether each is drawn. */
const pictures = (page: Page) =>
  page.getByTestId('thumbnail').evaluateAll((boxes) =>
    boxes.map((box) => {
      const { x, y, width, height } = box.getBoundingClientRect()
      const image = box.querySelector('img')
      return {
        box: [x, y, width, height].map(Math.round),
        isDrawn: (image?.naturalWidth ?? 0) > 0,
        isAsked: image !== null,
      }
    }),
  )

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const) {
  test(
    `pictures stand beside inspections, views and images at ${width} × ${height}, and move nothing when they come`,
    {
      skip,
    },
    async () => {
      const { page, complaints } = await browser.newPage({ width, height })
      let release: () => void = () => undefined
      let held = Promise.resolve()
      await page.route('**/thumbnail', async (route) => {
        await held
        await route.continue()
      })
      for (const place of ['/', `/inspections/${uidOf('weld', 'study')}`]) {
        held = new Promise<void>((resolve) => {
          release = resolve
        })
        await page.goto(app.url + place, { waitUntil: 'domcontentloaded' })
        await page.getByTestId('thumbnail').nth(1).waitFor()
        const waiting = await pictures(page)
        release()
        await page.waitForFunction(() => document.querySelector('[data-testid="thumbnail"] img[data-loaded]') !== null)
        await page.waitForTimeout(100)
        const shown = await pictures(page)
        assert.deepEqual(
          shown.map(({ box }) => box),
          waiting.map(({ box }) => box),
        )
        // An object without an image has a sign, and nobody asks for its picture.
        const [asked, others] = [shown.filter(({ isAsked }) => isAsked), shown.filter(({ isAsked }) => !isAsked)]
        assert.ok(asked.every(({ isDrawn }) => isDrawn))
        assert.deepEqual([asked.length, others.length], place === '/' ? [1, 1] : [2, 0])
      }
      assert.deepEqual(complaints, [])
      await page.context().close()
    },
  )
}
