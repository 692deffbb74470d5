import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startEntra, type TestEntra } from '@instandt/testkit/entra'
import { buildInstance } from '@instandt/testkit/files'
import { Secret, TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
const password = 'the crane lifts at seven'
let app: TestApp
let entra: TestEntra
let browser: TestBrowser

before(async () => {
  if (skip) return
  entra = await startEntra(() => ({
    signedIn: `${app.url}/api/sign-in/entra/callback`,
    signedOut: `${app.url}/sign-in`,
  }))
  Object.assign(process.env, entra.identityEnv)
  entra.accounts.set('rosa', { oid: randomUUID(), name: 'Rosa Lind', email: 'rosa@shop.example', roles: ['LevelII'] })
  entra.accounts.set('nora', { oid: randomUUID(), name: 'No Role', email: 'nora@shop.example', roles: [] })
  app = await startApp({ ...entra.settings, AZURE_CLIENT_ID: entra.managedIdentityId })
  browser = await openBrowser()
})
after(async () => {
  await browser?.stop()
  await app?.stop()
  await entra?.stop()
})

/** Refusals that a page is meant to meet: nobody signed in yet, a wrong password, a weak one. */
const unexpected = (complaints: readonly string[]): string[] =>
  complaints.filter((words) => words.includes(app.url) && !/status of (401|410|422)/.test(words))

const openMenu = async (page: Page): Promise<void> => page.getByRole('button', { name: /Account of/ }).click()

test(
  'a new installation: first administrator, second factor, out and in again, an invited colleague',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage({ isSignedIn: false })
    await page.goto(`${app.url}/inspections/1.2.3`)
    await page.getByText('Not set up yet').waitFor()
    assert.equal(new URL(page.url()).pathname, '/sign-in')

    await page.goto(app.setupLink ?? '')
    await page.getByLabel('Name').fill('Petra Weber')
    await page.getByLabel('E-mail').fill('petra@shop.example')
    await page.getByLabel('Password', { exact: true }).fill('passwordpassword')
    await page.getByLabel('Password again').fill('passwordpassword')
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByText('lists of stolen passwords').waitFor()
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByLabel('Password again').fill(password)
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByText('No inspections yet').waitFor()

    await openMenu(page)
    await page.getByRole('menuitem', { name: 'Profile' }).click()
    await page.getByRole('button', { name: 'Add a second factor' }).click()
    await page.getByLabel('Confirm with your password').fill(password)
    await page.keyboard.press('Enter')
    const shown = page.locator('pre[aria-label="Secret"]')
    await shown.waitFor()
    const secret = Secret.fromBase32(((await shown.textContent()) ?? '').replaceAll(' ', ''))
    const code = (later = 0): string => new TOTP({ secret }).generate({ timestamp: Date.now() + later })
    await page.getByLabel('Code of the app').fill(code())
    await page.getByRole('button', { name: 'Confirm' }).click()
    const codes = ((await page.locator('[aria-label="Recovery codes"]').textContent()) ?? '').split('\n')
    assert.equal(codes.length, 10)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('Recovery codes left: 10').waitFor()

    await openMenu(page)
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(`${app.url}/sign-in`)
    await page.goto(`${app.url}/administration/audit`)
    await page.getByLabel('E-mail').fill('petra@shop.example')
    await page.getByLabel('Password', { exact: true }).fill('not the password')
    await page.keyboard.press('Enter')
    await page.getByText('E-mail or password is wrong.').waitFor()
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.keyboard.press('Enter')
    await page.getByLabel('Code').fill(code(30_000))
    await page.keyboard.press('Enter')
    // Back at the page that was asked for.
    await page.waitForURL(`${app.url}/administration/audit`)
    await page.getByText('Signed in by password').first().waitFor()

    await page.getByRole('tab', { name: 'Users' }).click()
    await page.getByRole('button', { name: 'Invite' }).click()
    await page.getByLabel('E-mail').fill('karl@shop.example')
    await page.getByRole('button', { name: 'Add a role' }).click()
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    const link = (await page.locator('[aria-label="Link for karl@shop.example"]').textContent()) ?? ''
    assert.deepEqual(unexpected(complaints), [])

    const colleague = await browser.newPage({ isSignedIn: false })
    await colleague.page.goto(link)
    await colleague.page.getByText('You were invited as karl@shop.example.').waitFor()
    await colleague.page.getByLabel('Name').fill('Karl')
    await colleague.page.getByLabel('Password', { exact: true }).fill(password)
    await colleague.page.getByLabel('Password again').fill(password)
    await colleague.page.getByRole('button', { name: 'Make my account' }).click()
    await colleague.page.getByRole('link', { name: 'Upload', exact: true }).waitFor()
    await openMenu(colleague.page)
    await colleague.page.getByText('Level II', { exact: true }).waitFor()
    assert.equal(await colleague.page.getByRole('menuitem', { name: 'Administration' }).count(), 0)
    await colleague.page.goto(`${app.url}/administration/users`)
    await colleague.page.getByText('Your account may not do this.').waitFor()
    assert.deepEqual(unexpected(colleague.complaints), [])
  },
)

test('Entra ID: there, back to the page that was asked for, and out of both sessions', { skip }, async () => {
  const { page, complaints } = await browser.newPage({ isSignedIn: false })
  await page.goto(`${app.url}/upload`)
  await page.getByRole('link', { name: 'Sign in with Microsoft Entra ID' }).click()
  await page.getByLabel('Account').fill('rosa')
  await page.getByRole('button', { name: 'Next' }).click()
  await page.waitForURL(`${app.url}/upload`)
  await page.getByText('Drop files or folders').waitFor()
  await openMenu(page)
  await page.getByText('Rosa Lind').waitFor()
  // Neither storage nor cookies that scripts can read hold anything of the session.
  const seen = await page.evaluate(() =>
    [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join(' '),
  )
  assert.doesNotMatch(seen, /eyJ|instandt=/)
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL((url) => url.href.startsWith(entra.issuer))
  await page.getByRole('button', { name: /sign me out/i }).click()
  await page.waitForURL(`${app.url}/sign-in`)
  await page.goto(`${app.url}/api/session`)
  assert.match((await page.textContent('body')) ?? '', /not-signed-in/)
  assert.deepEqual(unexpected(complaints), [])
})

test('Entra ID: without a role, and ended by the person, the page says why', { skip }, async () => {
  const { page } = await browser.newPage({ isSignedIn: false })
  for (const [account, button, words] of [
    ['nora', 'Next', 'has no role here'],
    ['', 'Cancel', 'was ended at the directory'],
  ] as const) {
    await page.goto(`${app.url}/sign-in`)
    await page.getByRole('link', { name: 'Sign in with Microsoft Entra ID' }).click()
    const field = page.getByLabel('Account')
    // The directory remembers who was there.
    if (await field.isVisible().catch(() => false)) {
      await field.fill(account)
      await page.getByRole('button', { name: button }).click()
    }
    await page.getByText(words).waitFor()
    await page.context().clearCookies()
  }
})

test('a session that ends while somebody works leads to the sign-in page and back', { skip }, async () => {
  const { page } = await browser.newPage({ isSignedIn: false })
  await page.goto(`${app.url}/sign-in?to=%2Fprofile`)
  await page.getByLabel('E-mail').fill('karl@shop.example')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${app.url}/profile`)
  await app.store(buildInstance({ seed: 'identity' }) as Uint8Array<ArrayBuffer>)
  await app.sql(`delete from session`)
  await new Promise((resolve) => setTimeout(resolve, 2100))
  await page.getByRole('link', { name: 'instaNDT, to the inspections' }).click()
  await page.waitForURL(/\/sign-in\?to=/)
})
