import { testCaller } from '@instandt/testkit'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'

export interface TestBrowser {
  /** A page of its own, with nothing remembered from another. */
  newPage(options?: PageOptions): Promise<TestPage>
  /** Processes of the browser by what they do: 'renderer' for pages, 'GPU', and others. */
  processes(): Promise<{ type: string; pid: number }[]>
  stop(): Promise<void>
}

export interface PageOptions {
  width?: number
  height?: number
  language?: 'en' | 'de'
  colours?: 'dark' | 'light'
  isTouch?: boolean
  /** As the machine of the tests, which every test database knows; false = nobody. */
  isSignedIn?: boolean
  /** What draws pictures, as a person may choose it. Here automatic is the processor. */
  drawing?: 'graphics' | 'processor'
}

export interface TestPage {
  page: Page
  /** What the page complained of so far: errors on its console, uncaught ones, refusals by its security policy. */
  complaints: string[]
}

/** Why there is no browser to test with, or undefined. */
export const missingBrowser: string | undefined = process.env['INSTANDT_NO_BROWSER']

/** Headless Chromium without a graphics card, WebGL imitated for those who ask for it, that talks to nobody but the tests. */
export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: process.env['INSTANDT_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--enable-unsafe-swiftshader',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
  let session: CDPSession | undefined
  return {
    async newPage({
      width = 1440,
      height = 900,
      language = 'en',
      colours = 'dark',
      isTouch = false,
      isSignedIn = true,
      drawing,
    } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        locale: language,
        colorScheme: colours,
        hasTouch: isTouch,
        ...(isSignedIn ? { extraHTTPHeaders: testCaller } : {}),
      })
      if (drawing) await context.addInitScript((name) => localStorage.setItem('instandt-drawing', name), drawing)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      return { page, complaints }
    },
    async processes() {
      session ??= await browser.newBrowserCDPSession()
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      return processInfo.map(({ type, id }) => ({ type, pid: id }))
    },
    stop: () => browser.close(),
  }
}
