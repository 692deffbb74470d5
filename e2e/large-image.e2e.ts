import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signedFetch } from '@instandt/testkit'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { type KillableApp, startKillableApp } from './src/killable-app.ts'

const skip = missingBrowser ?? false
let app: KillableApp
let browser: TestBrowser

// 74 MB: more than a small device takes whole.
const edge = 6100
const path = `/inspections/${uidOf('film', 'study')}/view/${uidOf('film', 'series')}`

before(async () => {
  if (skip) return
  // As while the queue is long.
  app = await startKillableApp({ DERIVE_THREADS: '0' })
  browser = await openBrowser()
  const pixels = new Uint16Array(edge * edge)
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (at % edge) / 4 + Math.floor(at / edge) / 4
  const file = buildInstance({
    seed: 'film',
    image: { columns: edge, rows: edge, bitsStored: 12, frame: () => new Uint8Array(pixels.buffer) },
    attributes: attributesOf({ WindowCenter: '1500', WindowWidth: '3000' }),
  })
  const answer = await signedFetch(`${app.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/dicom', accept: 'application/dicom+json' },
    body: file as Uint8Array<ArrayBuffer>,
  })
  assert.equal(answer.status, 200)
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

for (const { language, title, whole } of [
  { language: 'en', title: 'This image is being prepared for the screen', whole: 'Load it whole' },
  { language: 'de', title: 'Dieses Bild wird für den Bildschirm vorbereitet', whole: 'Ganz laden' },
] as const) {
  test(
    `a film too large to be sent as it is stored shows a small picture, and opens when it is ready (${language})`,
    { skip },
    async () => {
      const { page } = await browser.newPage({ language })
      await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 4 }))
      const frames: string[] = []
      page.on('request', (request) => {
        if (request.url().endsWith('/frames/1')) frames.push(request.url())
      })
      await page.goto(app.url + path)
      const panel = page.getByTestId('viewer-fault')
      await panel.getByRole('heading', { name: title }).waitFor()
      await panel.locator('[data-state="here"]').waitFor()
      const width = await panel.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth)
      assert.equal(width, 1024)
      assert.ok(await panel.getByRole('button', { name: whole }).isVisible())
      assert.deepEqual(frames, [], 'the whole frame was asked for')

      if (language === 'de') {
        await app.kill()
        await app.start({ DERIVE_THREADS: '1' })
        await page.waitForSelector('[data-resolution="full"]', { state: 'attached', timeout: 60_000 })
        assert.equal(await panel.count(), 0)
        assert.match(await page.getByTestId('viewer-overlay').innerText(), /6100 × 6100/)
        assert.deepEqual(frames, [], 'the whole frame was asked for')
      } else {
        await panel.getByRole('button', { name: whole }).click()
        await page.waitForSelector('[data-resolution="full"]', { state: 'attached', timeout: 60_000 })
        assert.equal(frames.length, 1)
      }
      await page.context().close()
    },
  )
}
