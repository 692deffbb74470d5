import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { missingBrowser, type PageOptions, type TestBrowser, type TestPage } from './browser.ts'

export interface Reading {
  x: number
  y: number
  /** As it is written, e.g. '4,012'. */
  value: string
}

/** The viewer as a person sees and handles it. */
export interface Viewer {
  page: Page
  text: (part: string) => Promise<string>
  /** Waits until a part of the screen says this. */
  says: (part: string, expected: string | RegExp) => Promise<void>
  /** Screen pixels per image pixel. */
  zoom: () => Promise<number>
  /** What is written and what grey is drawn at a place, counted from the middle of the picture's area. */
  look: (dx: number, dy: number) => Promise<{ reading: Reading; grey: number; colour: number[] }>
  /** Waits until all that is in sight is there in full resolution. */
  isSharp: () => Promise<void>
  /** Greys that are drawn in a row of pixels of the canvas, which must be one to one with those of the screen. */
  greys: (dx: number, dy: number, count: number) => Promise<number[]>
  /** Walks to a pixel with the keyboard and gives what is written there. */
  walkTo: (column: number, row: number) => Promise<string>
  /** Ends the page; fails when it complained of anything. */
  close: () => Promise<void>
}

/** Both ways to draw have to show the same. */
export function testDrawing(name: string, run: (drawing: Required<PageOptions>['drawing']) => Promise<void>): void {
  for (const drawing of ['graphics', 'processor'] as const)
    test(`${name}, drawn by the ${drawing}`, { skip: missingBrowser ?? false }, () => run(drawing))
}

const readingPattern = /^x (\d+), y (\d+): (\S+)/

/** @param prepare runs in the page before any of its own scripts */
export async function openViewer(
  browser: TestBrowser,
  url: string,
  options: PageOptions = {},
  prepare?: () => void,
): Promise<Viewer> {
  const opened = await browser.newPage(options)
  if (prepare) await opened.page.addInitScript(prepare)
  await opened.page.goto(url)
  const viewer = await viewerIn(opened)
  const { drawing } = options
  if (drawing) await viewer.page.waitForSelector(`[data-drawn-by="${drawing}"]`, { state: 'attached' })
  return viewer
}

/** The viewer that a page has open, once it shows a picture or says why not. */
export async function viewerIn({ page, complaints }: TestPage): Promise<Viewer> {
  const part = (name: string) => page.getByTestId(`viewer-${name}`)
  const text = (name: string): Promise<string> => part(name).innerText()

  const says = async (name: string, expected: string | RegExp): Promise<void> => {
    const deadline = Date.now() + 15_000
    let found = ''
    while (Date.now() < deadline) {
      // A part that is not there yet says nothing.
      found = (await part(name).allInnerTexts()).join('')
      if (typeof expected === 'string' ? found === expected : expected.test(found)) return
      await page.waitForTimeout(40)
    }
    assert.fail(`${name} says '${found}', expected ${expected}`)
  }

  const readingNow = async (): Promise<Reading> => {
    const match = readingPattern.exec(await text('pixel'))
    assert.ok(match, `no pixel in '${await text('pixel')}'`)
    return { x: Number(match[1]), y: Number(match[2]), value: match[3]! }
  }

  /** Two pictures of the screen: the state has been drawn by then. */
  const drawn = (): Promise<void> =>
    page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))))

  await says('place', /\d/)
  await page.waitForFunction(
    () => document.querySelector('[data-testid="viewer-zoom"], [data-testid="viewer-fault"]') !== null,
  )

  return {
    page,
    text,
    says,
    zoom: async () => Number((await text('zoom')).replace(/[^\d.]/g, '')) / 100,
    async look(dx, dy) {
      const box = (await part('surface').boundingBox())!
      await page.mouse.move(box.x + box.width / 2 + dx, box.y + box.height / 2 + dy)
      await drawn()
      const reading = await readingNow()
      const at = { x: box.width / 2 + dx, y: box.height / 2 + dy }
      const colour = await page.evaluate(({ x, y }) => {
        const canvases = document.querySelectorAll<HTMLCanvasElement>('[data-testid="viewer-surface"] canvas')
        const canvas = [...canvases].find((one) => getComputedStyle(one).visibility === 'visible')!
        const scale = canvas.width / canvas.clientWidth
        return [
          ...canvas.getContext('2d')!.getImageData(Math.floor(x * scale), Math.floor(y * scale), 1, 1).data,
        ].slice(0, 3)
      }, at)
      return { reading, grey: colour[0]!, colour }
    },
    isSharp: () => page.waitForSelector('[data-resolution="full"]', { state: 'attached' }).then(drawn),
    greys: (dx, dy, count) =>
      page.evaluate(
        ({ x, y, width }) => {
          const canvases = document.querySelectorAll<HTMLCanvasElement>('[data-testid="viewer-surface"] canvas')
          const canvas = [...canvases].find((one) => getComputedStyle(one).visibility === 'visible')!
          const [left, top] = [Math.floor(canvas.width / 2 + x), Math.floor(canvas.height / 2 + y)]
          const { data } = canvas.getContext('2d')!.getImageData(left, top, width, 1)
          return Array.from({ length: width }, (_, at) => data[at * 4]!)
        },
        { x: dx, y: dy, width: count },
      ),
    async walkTo(column, row) {
      await page.keyboard.press('Shift+ArrowRight')
      const { x, y } = await readingNow()
      const press = async (key: string, times: number): Promise<void> => {
        for (let count = 0; count < times; count += 1) await page.keyboard.press(`Shift+${key}`)
      }
      await press(column > x ? 'ArrowRight' : 'ArrowLeft', Math.abs(column - x))
      await press(row > y ? 'ArrowDown' : 'ArrowUp', Math.abs(row - y))
      return text('pixel')
    },
    async close() {
      await page.context().close()
      assert.deepEqual(complaints, [])
    },
  }
}

/** Runs in the page before its own scripts, so that `loseCard` finds what draws. */
export function keepContexts(): void {
  const scope = globalThis as unknown as { contexts: WebGL2RenderingContext[] }
  scope.contexts = []
  // Called with its canvas below.
  // oxlint-disable-next-line typescript/unbound-method
  const original = HTMLCanvasElement.prototype.getContext
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: unknown[]) {
    const context = original.apply(this, args as Parameters<typeof original>)
    if (context instanceof WebGL2RenderingContext) scope.contexts.push(context)
    return context
  } as typeof original
}

/** As when a driver restarts or a laptop changes cards. */
export const loseCard = ({ page }: Viewer): Promise<void> =>
  page.evaluate(() => {
    const { contexts } = globalThis as unknown as { contexts: WebGL2RenderingContext[] }
    contexts.at(-1)!.getExtension('WEBGL_lose_context')!.loseContext()
  })
