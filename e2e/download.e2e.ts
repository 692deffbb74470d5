import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { buildInstance, attributesOf, uidOf } from '@instandt/testkit/files'
import type { Download } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser, type TestPage } from './src/browser.ts'

const skip = missingBrowser ?? false
const inspector = { email: 'petra@shop.example', password: 'the crane lifts at seven' }
let app: TestApp
let browser: TestBrowser
const files = new Map<string, Uint8Array<ArrayBuffer>>()

before(async () => {
  if (skip) return
  app = await startApp({ FIRST_ADMIN_EMAIL: inspector.email, FIRST_ADMIN_PASSWORD: inspector.password })
  browser = await openBrowser()
  for (const component of ['Blade A', 'Blade B', 'Casing']) {
    for (const view of [1, 2]) {
      const file = buildInstance({
        seed: `${component} ${view}`,
        studyInstanceUid: uidOf(component),
        seriesInstanceUid: uidOf(component, view),
        image: { rows: 32, columns: 32 },
        attributes: attributesOf({ PatientName: component, PatientID: component, SeriesNumber: view }),
      }) as Uint8Array<ArrayBuffer>
      files.set(`${component} ${view}`, file)
      await app.store(file)
    }
  }
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

/** Signed in by a cookie, as people are: what a link downloads carries no header of the page's. */
async function openPage(language: 'en' | 'de'): Promise<TestPage> {
  const opened = await browser.newPage({ language, isSignedIn: false })
  const answer = await opened.page.request.post(`${app.url}/api/sign-in`, {
    data: inspector,
    headers: { origin: app.url },
  })
  assert.equal(answer.status(), 200)
  return opened
}

/** Which of our files the archive holds: they are stored in it as they are. */
async function filesIn(download: Download): Promise<string[]> {
  const archive = await readFile(await download.path())
  assert.ok(archive.includes('DICOMDIR') && archive.includes('SHA256SUMS'))
  return [...files].filter(([, file]) => archive.includes(Buffer.from(file))).map(([name]) => name)
}

test('inspections chosen in the list, by pointer and by keys, are saved as one archive', { skip }, async () => {
  const { page, complaints } = await openPage('en')
  await page.goto(`${app.url}/?sort=component`)
  const grid = page.getByRole('grid', { name: 'Inspections found' })
  await grid.getByLabel('Choose Blade A').click()
  await page.getByText('1 inspection chosen').waitFor()
  // Narrowed otherwise, the choice stays.
  await page.getByRole('textbox', { name: 'Search inspections' }).fill('casing')
  await page.getByText('1 inspection', { exact: true }).waitFor()
  // Its own row: one of the list before may stand there a moment longer than its count.
  await grid.getByRole('row').filter({ hasText: 'Casing' }).focus()
  await page.keyboard.press(' ')
  await page.getByText('2 inspections chosen').waitFor()
  assert.equal(new URL(page.url()).pathname, '/')

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('region', { name: 'Chosen inspections' }).getByRole('button', { name: 'Download (ZIP)' }).click(),
  ])
  assert.deepEqual(await filesIn(download), ['Blade A 1', 'Blade A 2', 'Casing 1', 'Casing 2'])
  await page.getByRole('button', { name: 'Choose none' }).click()
  await page.getByText('2 inspections chosen').waitFor({ state: 'detached' })
  assert.deepEqual(complaints, [])
  await page.context().close()
})

test('an inspection and one of its views are saved from the inspection’s page', { skip }, async () => {
  const { page, complaints } = await openPage('de')
  await page.goto(`${app.url}/inspections/${uidOf('Blade B')}`)
  const save = async (name: string): Promise<Download> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name }).first().click(),
    ])
    return download
  }
  const whole = await save('Herunterladen (ZIP)')
  assert.equal(whole.suggestedFilename(), 'Blade_B.zip')
  assert.deepEqual(await filesIn(whole), ['Blade B 1', 'Blade B 2'])
  assert.deepEqual(await filesIn(await save('Diese Ansicht herunterladen (ZIP)')), ['Blade B 1'])
  assert.deepEqual(complaints, [])
  await page.context().close()
})
