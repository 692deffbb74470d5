import type { Page } from 'playwright-core'
import type { TestApp } from './app.ts'

const email = 'petra@shop.example'
const password = 'the crane lifts at seven'

/** The first person of a new installation, signed in. */
export async function setUp(page: Page, app: TestApp): Promise<void> {
  await page.goto(app.setupLink ?? '')
  await page.getByLabel('Name').fill('Petra Weber')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again').fill(password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByText('No inspections yet').waitFor()
}

/** Ends every session; the server confirms one every few seconds. */
export async function endSessions(page: Page, app: TestApp): Promise<void> {
  await app.sql('delete from session')
  const deadline = Date.now() + 30_000
  while ((await page.request.get(`${app.url}/api/session`)).status() !== 401 && Date.now() < deadline)
    await page.waitForTimeout(200)
}

/**
 * Signs in once the page asks for it: on the page of work that waits, or on the page of signing in, whichever request met the end
 * of the session first.
 * @param waits what either page says
 */
export async function signInAgain(page: Page, waits: RegExp): Promise<void> {
  await page.getByText(waits).first().waitFor()
  const isLed = page.url().includes('/sign-in')
  const opened = isLed ? Promise.resolve(page) : page.context().waitForEvent('page')
  if (!isLed) await page.getByRole('link', { name: 'Sign in', exact: true }).click()
  const signIn = await opened
  await signIn.getByLabel('E-mail').fill(email)
  await signIn.getByLabel('Password', { exact: true }).fill(password)
  await signIn.getByRole('button', { name: 'Sign in', exact: true }).click()
  await signIn.waitForURL((url) => !url.pathname.includes('sign-in'))
}
