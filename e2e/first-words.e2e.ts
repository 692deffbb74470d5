import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser
let address: string

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  await app.store(
    buildInstance({ seed: 'first', image: { rows: 400, columns: 400, bitsAllocated: 16 } }) as Uint8Array<ArrayBuffer>,
  )
  address = `${app.url}/inspections/${uidOf('first', 'study')}/view/${uidOf('first', 'series')}`
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

/** Holds back what matches; gives it free again. */
async function hold(page: Page, pattern: RegExp): Promise<() => void> {
  let free: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    free = resolve
  })
  await page.route(pattern, async (route) => {
    await held
    await route.continue()
  })
  return free
}

const opacityOf = (page: Page, words: string): Promise<number> =>
  page
    .getByText(words)
    .first()
    .evaluate((element) => {
      let opacity = 1
      for (let one: Element | null = element; one; one = one.parentElement)
        opacity *= Number(getComputedStyle(one).opacity)
      return opacity
    })

/** The words are there, and can be seen 300 ms after that. */
async function says(page: Page, words: string): Promise<void> {
  await page.getByText(words).first().waitFor()
  await page.waitForTimeout(300)
  assert.equal(await opacityOf(page, words), 1, words)
}

test(
  'a viewer opened by its address says what it waits for, whatever that is, until its picture is there',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage({ language: 'de' })
    const program = await hold(page, /\/assets\/index-[^/]*\.js$/)
    const viewer = await hold(page, /\/assets\/viewer-[^/]*\.js$/)
    const pixels = await hold(page, /\/frames\//)
    await page.goto(address, { waitUntil: 'commit' })
    await says(page, 'Betrachter wird geladen')
    program()
    await page.locator('header').waitFor()
    await says(page, 'Betrachter wird geladen')
    viewer()
    await says(page, 'Bild wird geladen')
    pixels()
    await page.getByTestId('viewer-loading').waitFor({ state: 'detached' })
    await page.getByTestId('viewer-window').waitFor()
    assert.deepEqual(complaints, [])
    await page.context().close()
  },
)

test('what is quick says nothing: words that are not needed stay out of sight', { skip }, async () => {
  const { page } = await browser.newPage()
  const program = await hold(page, /\/assets\/index-[^/]*\.js$/)
  await page.goto(app.url, { waitUntil: 'commit' })
  await page.getByText('Loading', { exact: true }).waitFor({ state: 'attached' })
  const [delay, fill] = await page
    .getByText('Loading', { exact: true })
    .evaluate((element) => [getComputedStyle(element).animationDelay, getComputedStyle(element).animationFillMode])
  assert.deepEqual([delay, fill], ['0.2s', 'both'])
  program()
  await page.getByRole('heading', { level: 1 }).waitFor()
  assert.equal(await page.getByText('Loading', { exact: true }).count(), 0)
  await page.context().close()
})
