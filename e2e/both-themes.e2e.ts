import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { faultsToTheEye } from './src/legible.ts'

const skip = missingBrowser ?? false
const account = { email: 'petra@shop.example', password: 'the crane lifts at seven' }
let app: TestApp
let browser: TestBrowser

before(async () => {
  if (skip) return
  app = await startApp({ FIRST_ADMIN_EMAIL: account.email, FIRST_ADMIN_PASSWORD: account.password })
  browser = await openBrowser()
  for (const seed of ['7', '8'])
    for (const view of [1, 2])
      await app.store(
        buildInstance({
          seed: `${seed} ${view}`,
          studyInstanceUid: uidOf(seed, 'study'),
          seriesInstanceUid: uidOf(seed, `series ${view}`),
          image: { rows: 600, columns: 600 },
          attributes: attributesOf({
            PatientName: `Turbinenschaufel ${seed}`,
            PatientID: `TB-${seed}`,
            AccessionNumber: `JOB-${seed}/2026-04711`,
            StudyDate: '20260928',
            SeriesDescription: '0° Saugseite',
            SeriesNumber: view,
            Modality: 'DX',
          }),
        }) as Uint8Array<ArrayBuffer>,
      )
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

async function signedIn(width: number, language: 'en' | 'de', colours: 'light' | 'dark' = 'light'): Promise<Page> {
  const { page } = await browser.newPage({ width, height: 844, language, isSignedIn: false })
  const answer = await page.request.post(`${app.url}/api/sign-in`, { data: account, headers: { origin: app.url } })
  assert.equal(answer.status(), 200)
  // A setting of the person: the machine of the tests wants it dark.
  await page.addInitScript((chosen) => localStorage.setItem('instandt-colours', chosen), colours)
  return page
}

const addresses = [
  '/',
  '/upload',
  '/convert',
  '/profile',
  `/inspections/${uidOf('7', 'study')}`,
  `/inspections/${uidOf('7', 'study')}?history=open`,
  ...['users', 'projects', 'projects/default', 'tokens', 'search-attributes', 'roles'].map(
    (one) => `/administration/${one}`,
  ),
  ...['renditions', 'bin', 'fixity', 'audit'].map((one) => `/administration/${one}`),
]

for (const [width, language, colours] of [
  [1440, 'en', 'light'],
  [390, 'de', 'light'],
  [1440, 'de', 'dark'],
  [390, 'en', 'dark'],
] as const) {
  test(
    `in ${colours}, ${width} pixels wide, all words can be read and no page is wider than its window`,
    { skip },
    async () => {
      const page = await signedIn(width, language, colours)
      for (const address of addresses) {
        await page.goto(app.url + address, { waitUntil: 'networkidle' })
        assert.equal(await page.evaluate(() => document.documentElement.dataset['mantineColorScheme']), colours)
        assert.deepEqual(await faultsToTheEye(page), [], address)
      }
      // What comes up in red: an entry of a menu, a question, a refusal beside its field.
      await page.goto(`${app.url}/inspections/${uidOf('7', 'study')}`)
      await page.getByRole('button', { name: language === 'de' ? 'Weitere Aktionen' : 'More actions' }).click()
      await page.getByRole('menuitem').last().waitFor()
      await page.waitForTimeout(300)
      assert.deepEqual(await faultsToTheEye(page), [], 'a menu')
      await page.locator('main').evaluate((main) => {
        main.append(Object.assign(document.createElement('div'), { style: 'width: 1500px; height: 1px' }))
      })
      assert.match((await faultsToTheEye(page)).join(), /main: 1\d\d\d pixels wide/)
      await page.context().close()
    },
  )
}

test(
  'on a telephone, in German, a row of the list shows date and size whole; the tabs have one rule',
  { skip },
  async () => {
    const page = await signedIn(390, 'de')
    await page.goto(app.url)
    for (const words of [/^28\. Sept\. 2026$/, /^2 Bilder · \d/]) {
      const fact = page.getByText(words).first()
      await fact.waitFor()
      const isCut = await fact.evaluate((element) => {
        const [own, row] = [element, element.closest('[role=row]')].map((one) => one?.getBoundingClientRect())
        return element.scrollWidth > element.clientWidth + 1 || (own?.right ?? 0) > (row?.right ?? 0)
      })
      assert.equal(isCut, false, String(words))
    }
    await page.goto(`${app.url}/administration/search-attributes`)
    const section = page.getByRole('region', { name: 'Suchmerkmale' })
    assert.equal(await section.evaluate((element) => getComputedStyle(element).borderTopWidth), '0px')
    const tab = page.getByRole('tab', { name: 'Suchmerkmale' })
    assert.ok(
      await tab.evaluate((element) => element.getBoundingClientRect().right <= innerWidth),
      'the tab is in sight',
    )
  },
)
