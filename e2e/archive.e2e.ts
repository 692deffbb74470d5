import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type PageOptions, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
const password = 'the crane lifts at seven'
let app: TestApp
let browser: TestBrowser

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const file = (seed: string, view: number, number: number): Uint8Array<ArrayBuffer> =>
  buildInstance({
    studyInstanceUid: uidOf(seed, 'study'),
    seriesInstanceUid: uidOf(seed, `series ${view}`),
    sopInstanceUid: uidOf(seed, `instance ${view} ${number}`),
    image: { rows: 16, columns: 16 },
    attributes: attributesOf({
      PatientName: `Turbine blade ${seed}`,
      PatientID: `TB-${seed}`,
      AccessionNumber: `JOB-${seed}`,
      StudyDate: '20260318',
      StudyTime: '142530',
      EthnicGroup: 'IN718',
      SeriesDescription: view === 1 ? '0° suction side' : '90° leading edge',
      SeriesNumber: view,
      InstanceNumber: number,
      Modality: 'DX',
    }),
  }) as Uint8Array<ArrayBuffer>

/** In its browser's context the first administrator stays signed in, who is also of two projects. */
async function signedIn(options: PageOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await browser.newPage({ ...options, isSignedIn: false })
  await page.goto(`${app.url}/sign-in`)
  const german = options.language === 'de'
  await page.getByLabel('E-Mail').fill('petra@shop.example')
  await page.getByLabel(german ? 'Passwort' : 'Password', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${app.url}/`)
  return { page, complaints }
}

const unexpected = (complaints: readonly string[]): string[] =>
  complaints.filter((words) => !/status of (401|404|409)/.test(words))

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  for (const seed of ['7', '8'])
    for (const [view, number] of [
      [1, 1],
      [1, 2],
      [2, 1],
    ] as const)
      await app.store(file(seed, view, number))
  const { page } = await browser.newPage({ isSignedIn: false })
  await page.goto(app.setupLink ?? '')
  await page.getByLabel('Name').fill('Petra Weber')
  await page.getByLabel('E-mail').fill('petra@shop.example')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again').fill(password)
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.waitForURL(`${app.url}/`)
  await app.sql(`insert into project (slug, name) values ('lab', 'Laboratory')`)
  await app.sql(`insert into membership (project_id, account_id, role)
    select p.id, a.id, 'level-iii' from project p, account a where a.email = 'petra@shop.example'
    on conflict do nothing`)
  await page.context().close()
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

const menu = async (page: Page, item: string | RegExp): Promise<void> => {
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

test('wrong values are corrected, the history tells of it, and the original is a click away', { skip }, async () => {
  const { page, complaints } = await signedIn()
  await page.goto(`${app.url}/inspections/${uidOf('7', 'study')}`)
  await page.getByRole('heading', { name: 'Turbine blade 7' }).waitFor()
  // Every ten minutes of the clock some are read again.
  await page
    .getByText(/not yet since storing|Bytes proven/)
    .first()
    .waitFor()
  await menu(page, /^Correct/)
  const form = page.getByRole('dialog', { name: 'Correct the inspection' })
  const yes = form.getByRole('button', { name: 'Correct', exact: true })
  await form.getByText('Nothing changed yet').waitFor()
  assert.equal(await form.getByLabel('Date of inspection').inputValue(), '2026-03-18')
  await form.getByLabel('Component ID number').fill('TB-0815/7')
  await form.getByLabel('Date of inspection').fill('2026-03-19')
  await form.getByLabel('Material').fill('')
  await form.getByText('3 values changed').waitFor()
  assert.ok(await yes.isDisabled(), 'without a reason nothing goes')
  await form.getByLabel('Reason').fill('Number of the wrong drawing')
  await yes.click()

  const history = page.getByRole('dialog', { name: 'History' })
  await history.getByText('3 files got a new version').waitFor()
  assert.match(await history.innerText(), /TB-7 → TB-0815\/7/)
  assert.match(await history.innerText(), /18 Mar 2026 → 19 Mar 2026/)
  assert.match(await history.innerText(), /IN718 → empty/)
  assert.match(await history.innerText(), /Petra Weber/)
  await history.getByRole('button', { name: 'Prove now' }).click()
  await history.getByText(/^Bytes proven/).waitFor()
  await page.keyboard.press('Escape')
  await history.waitFor({ state: 'hidden' })
  await page.locator('dd', { hasText: 'TB-0815/7' }).waitFor()
  await page.locator('dd', { hasText: '19 Mar 2026' }).waitFor()

  await page.getByRole('button', { name: 'All attributes' }).first().click()
  const attributes = page.getByRole('dialog', { name: 'All attributes' })
  await attributes.getByText('TB-0815/7', { exact: true }).first().waitFor()
  await attributes.getByRole('button', { name: 'Versions (2)' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: /Version 1 · as it came/ }).click(),
  ])
  assert.equal(sha256(await readFile(await download.path())), sha256(file('7', 1, 1)))
  assert.deepEqual(unexpected(complaints), [])
})

test('what is deleted is gone, comes back by one click, waits in the bin, and goes for good', { skip }, async () => {
  const { page, complaints } = await signedIn()
  await page.goto(`${app.url}/inspections/${uidOf('8', 'study')}`)
  await menu(page, 'Delete the view “0° suction side”…')
  const ask = page.getByRole('dialog')
  await ask.getByText('2 images go from every view at once.').waitFor()
  assert.ok(await ask.getByRole('button', { name: 'Delete' }).isDisabled())
  await ask.getByLabel('Reason').fill('test shots')
  await ask.getByRole('button', { name: 'Delete' }).click()
  await page.getByText('1 view', { exact: true }).waitFor()
  const notice = page.getByRole('alert').filter({ hasText: 'in the bin' })
  await notice.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('2 views', { exact: true }).waitFor()

  await menu(page, 'Delete the inspection…')
  await ask.getByLabel('Reason').fill('another customer’s part')
  await page.keyboard.press('Tab')
  await ask.getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(`${app.url}/`)
  await page.getByText('1 inspection', { exact: true }).waitFor()

  await page.goto(`${app.url}/administration/bin`)
  const row = page.getByRole('listitem').filter({ hasText: 'Turbine blade 8' })
  await row.getByText('another customer’s part').waitFor()
  await row.getByText(/deleted by Petra Weber.*removed for good/).waitFor()
  await row.getByRole('button', { name: 'Restore' }).click()
  await page.getByText('3 images are back in their place.').waitFor()
  await page.getByText('The bin is empty').waitFor()
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByRole('heading', { name: 'Turbine blade 8' }).waitFor()

  await page.getByRole('button', { name: 'All attributes' }).first().click()
  await page.getByRole('button', { name: 'Delete this image…' }).click()
  await page
    .getByRole('dialog', { name: /^Delete this image/ })
    .getByLabel('Reason')
    .fill('blurred')
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page
    .getByText(/^1 image ·/)
    .first()
    .waitFor()
  await page.goto(`${app.url}/administration/bin`)
  await page.getByRole('button', { name: 'Remove for good…' }).click()
  await page.getByLabel('Reason').fill('asked for by the customer')
  await page.getByRole('button', { name: 'Remove for good', exact: true }).click()
  await page.getByText('The bin is empty').waitFor({ timeout: 20_000 })
  await page.goto(`${app.url}/administration/audit?action=image.purge`)
  await page
    .getByRole('button', { name: /^Details/ })
    .first()
    .click()
  await page.getByText(/"step": "tombstone"/).waitFor()
  await page.getByText(/"reason": "blurred"/).waitFor()
  assert.deepEqual(unexpected(complaints), [])
})

test('an inspection moves to another project, in German and on a telephone', { skip }, async () => {
  const { page, complaints } = await signedIn({ width: 390, height: 844, language: 'de', isTouch: true })
  await page.goto(`${app.url}/inspections/${uidOf('7', 'study')}`)
  await page.getByRole('button', { name: 'Verlauf' }).click()
  await page.getByText('Erstmals gespeichert').waitFor()
  await page.getByRole('dialog', { name: 'Verlauf' }).getByRole('button', { name: 'Schließen' }).click()
  await page.getByRole('button', { name: 'Weitere Aktionen' }).click()
  await page.getByRole('menuitem', { name: /^Bauteil/ }).click()
  await page.getByRole('dialog', { name: 'Prüfung berichtigen' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Weitere Aktionen' }).click()
  await page.getByRole('menuitem', { name: 'In ein anderes Projekt verschieben…' }).click()
  const form = page.getByRole('dialog', { name: /Turbine blade 7/ })
  await form.getByLabel('Grund').fill('gehört ins Labor')
  await form.getByRole('button', { name: 'Verschieben' }).click()
  await form.waitFor({ state: 'hidden' })
  await page.goto(`${app.url}/?project=lab`)
  await page.getByText('Turbine blade 7').waitFor()
  await page.goto(`${app.url}/administration/bin`)
  await page.getByRole('heading', { name: 'Papierkorb' }).waitFor()
  assert.deepEqual(unexpected(complaints), [])
})

test('the administrator sees which bytes are not those that were stored', { skip }, async () => {
  const { page, complaints } = await signedIn()
  await page.evaluate(() => localStorage.setItem('instandt-colours', 'light'))
  await page.goto(`${app.url}/administration/fixity`)
  // The tests before had some read again.
  await page.getByText(/^\d+ of \d+ objects proven$|^All objects \(\d+\) were read again/).waitFor()
  await app.sql(`update instance set sha256 = sha256(sha256) where sop_instance_uid = '${uidOf('7', 'instance 1 1')}'`)
  await page.goto(`${app.url}/inspections/${uidOf('7', 'study')}?history=open`)
  await page.getByRole('button', { name: 'Prove now' }).click()
  await page.getByRole('dialog').getByText('1 file is not what was stored').waitFor()
  await page.goto(`${app.url}/administration/fixity`)
  await page
    .getByRole('row', { name: /other bytes/ })
    .getByText('shown to everybody')
    .waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(`${app.url}/inspections/${uidOf('7', 'study')}`)
  await page.getByText('1 file is not what was stored').first().waitFor()
  assert.deepEqual(unexpected(complaints), [])
})
