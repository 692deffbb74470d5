import assert from 'node:assert/strict'
import path from 'node:path'
import type { ShapedLine } from '@instandt/testkit'
import type { TestBrowser } from '../../../e2e/src/browser.ts'

export interface Opening {
  /** Milliseconds from the beginning of the navigation to pixels on the canvas. */
  picture: number
  /** … until all in sight is as fine as the screen, or as the image. */
  full: number
  /** Bytes that came down until then, all connections and headers together. */
  bytes: number
  /** What was asked for, in order. */
  requests: RequestTimes[]
}

export interface RequestTimes {
  place: string
  start: number
  first: number
  end: number
  bytes: number
}

interface Clock {
  picture?: number
  full?: number
  key?: number
  changed?: number
  draws: number
  frames: number
}

type Page = Awaited<ReturnType<TestBrowser['newPage']>>['page']

/** A tab with the clock in every page it opens. */
export interface TimedTab {
  page: Page
  open(place: string): Promise<Opening>
  /** Milliseconds from a key to another picture, and to its full resolution. */
  press(key: string): Promise<{ picture: number; full: number }>
  /** Drags across the picture for so long; pictures drawn a second. */
  drag(ms: number): Promise<number>
  /** Waits until all in sight is there; milliseconds since the call. */
  settle(): Promise<number>
  close(): Promise<void>
}

const clockFile = path.join(import.meta.dirname, 'page-clock.mjs')
const patience = 120_000

/** @param line that pages come through */
export async function openTab(browser: TestBrowser, line: ShapedLine): Promise<TimedTab> {
  const address = line.url
  const { page, complaints } = await browser.newPage()
  await page.addInitScript({ path: clockFile })
  let isWarm = false
  const clock = (): Promise<Clock> => page.evaluate('({ ...pictureClock })')

  async function waitFor(condition: string, what: string): Promise<void> {
    const deadline = Date.now() + patience
    // Not waitForFunction: that needs eval, which the page's policy forbids.
    while (!(await page.evaluate<boolean>(condition))) {
      const screen = Date.now() > deadline ? await page.locator('body').innerText() : undefined
      assert.equal(screen, undefined, `${what} did not come`)
      await page.waitForTimeout(50)
    }
  }

  return {
    page,
    async open(place) {
      // From another page of the application, with nothing of it on its way any more.
      if (isWarm) {
        await page.goto(`${address}/`, { waitUntil: 'networkidle' })
        await page.waitForTimeout(500)
      }
      isWarm = true
      const before = line.bytesDown()
      await page.goto(address + place, { waitUntil: 'commit' })
      await waitFor('pictureClock.full !== undefined', 'the picture')
      const { picture, full } = await clock()
      assert.ok(picture !== undefined && full !== undefined)
      const requests: RequestTimes[] = await page.evaluate(
        `performance.getEntries().filter(({ entryType }) => /^(navigation|resource)$/.test(entryType)).map((one) => ({
          place: one.name.replace(location.origin, ''), start: one.startTime, first: one.responseStart, end: one.responseEnd, bytes: one.transferSize }))`,
      )
      return { picture, full, bytes: line.bytesDown() - before, requests }
    },
    async press(key) {
      await page.evaluate('pictureClock.await()')
      await page.keyboard.press(key)
      await waitFor('pictureClock.changed !== undefined', 'another picture')
      await waitFor('pictureClock.full !== undefined', 'its full resolution')
      const { key: pressed, changed, full } = await clock()
      assert.ok(pressed !== undefined && changed !== undefined && full !== undefined)
      return { picture: changed - pressed, full: full - pressed }
    },
    async drag(ms) {
      const box = (await page.getByTestId('viewer-surface').boundingBox())!
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
      await page.mouse.move(x, y)
      await page.mouse.down()
      const { draws } = await clock()
      const started = performance.now()
      for (let step = 0; performance.now() - started < ms; step += 1)
        await page.mouse.move(x + 120 * Math.sin(step / 25), y + 80 * Math.cos(step / 25))
      const seconds = (performance.now() - started) / 1000
      const after = await clock()
      await page.mouse.up()
      // The window as it was: one that makes all alike shows no other picture.
      await page.keyboard.press('0')
      await page.waitForTimeout(500)
      return (after.draws - draws) / seconds
    },
    async settle() {
      const started = performance.now()
      await page.waitForTimeout(100)
      await waitFor(`document.querySelector('[data-resolution="full"]') !== null`, 'full resolution')
      return performance.now() - started
    },
    async close() {
      await page.context().close()
      assert.deepEqual(complaints, [])
    },
  }
}
