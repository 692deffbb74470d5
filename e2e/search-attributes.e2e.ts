import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
const password = 'the crane lifts at seven'
let app: TestApp
let browser: TestBrowser

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  for (const [name, thickness] of [
    ['Flange 1', 8],
    ['Flange 2', 12.5],
    ['Flange 3', 14],
  ] as const)
    await app.store(
      buildInstance({
        seed: name,
        image: { rows: 8, columns: 8 },
        attributes: attributesOf({ PatientName: name, PatientID: name, MaterialThickness: thickness }),
      }) as Uint8Array<ArrayBuffer>,
    )
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

async function signIn(page: Page): Promise<void> {
  await page.goto(app.setupLink ?? '')
  await page.getByLabel('Name').fill('Petra Weber')
  await page.getByLabel('E-mail').fill('petra@shop.example')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again').fill(password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.getByText('Flange 1').first().waitFor()
}

test(
  'an administrator declares an attribute, what is stored is indexed, and the list is searched by it',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage({ isSignedIn: false })
    await signIn(page)
    await page.goto(`${app.url}/administration/search-attributes`)
    await page.getByText('Nothing declared yet').waitFor()
    await page.getByRole('button', { name: 'Declare an attribute' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Attribute').fill('material thick')
    await page
      .getByRole('option', { name: /Material Thickness/ })
      .first()
      .click()
    await dialog.getByRole('button', { name: 'Declare an attribute' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByText('ready', { exact: true }).waitFor()
    await page.getByText('1 of 40 declared').waitFor()

    await page.goto(app.url)
    await page.getByRole('button', { name: 'Filters' }).click()
    await page.getByLabel('Material Thickness').fill('12..13')
    await page.getByText('1 inspection', { exact: true }).waitFor()
    assert.match(new URL(page.url()).search, /attributes=MaterialThickness%3D12\.\.13/)
    assert.equal(await page.getByText('Flange 2').first().isVisible(), true)
    await page.reload()
    await page.getByText('1 inspection', { exact: true }).waitFor()
    assert.equal(await page.getByLabel('Material Thickness').inputValue(), '12..13')

    await page.goto(`${app.url}/administration/search-attributes`)
    await page.getByRole('button', { name: 'Remove Material Thickness' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('Nothing declared yet').waitFor()
    assert.deepEqual(
      complaints.filter((words) => words.includes(app.url) && !/status of 401/.test(words)),
      [],
    )
  },
)
