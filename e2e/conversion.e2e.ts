// Films become images of an inspection in the browser: form, template, refusal with its words, original.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { buildTiff } from '@instandt/testkit/files'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { endSessions, setUp, signInAgain } from './src/session-end.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser
let folder: string

const shots = process.env['INSTANDT_SCREENSHOTS']

function film(seed: number): Uint8Array {
  const columns = 900
  const rows = 400
  const pixels = Uint16Array.from({ length: columns * rows }, (_, at) => {
    const weld = Math.exp(-(((Math.floor(at / columns) - 200) / 60) ** 2))
    return 12_000 + 30_000 * weld + ((at * 7919 + seed) % 1500)
  })
  return buildTiff([{ columns, rows, pixels: new Uint8Array(pixels.buffer), compression: 'lzw', dpi: 508 }])
}

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  folder = await mkdtemp(path.join(tmpdir(), 'instandt-convert-'))
  await writeFile(path.join(folder, 'W-17 A.tif'), film(1))
  await writeFile(path.join(folder, 'W-17 B.tif'), film(2))
  await writeFile(path.join(folder, 'W-18.tif'), film(4))
  await writeFile(path.join(folder, 'cut.tif'), film(3).subarray(0, 4000))
})
after(async () => {
  await browser?.stop()
  await app?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test(
  'films are converted with a form and its template; what is refused says why; the original is there',
  { skip },
  async () => {
    const { page, complaints } = await browser.newPage()
    const shot = async (name: string): Promise<void> => {
      if (shots !== undefined) await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true })
    }
    await page.goto(`${app.url}/upload`)
    await page.getByRole('link', { name: /Convert TIFF/ }).click()
    await page.getByRole('heading', { name: 'Convert files' }).waitFor()
    await shot('convert-empty')
    await page
      .locator('input[type=file]')
      .setInputFiles(['W-17 A.tif', 'W-17 B.tif', 'cut.tif'].map((name) => path.join(folder, name)))
    const start = page.getByRole('button', { name: 'Convert 3 files' })
    await start.click()
    await page.getByText('A component needs a name or a number').waitFor()
    await shot('convert-faults')
    await page.getByLabel('Component ID number').fill('W-17')
    await page.getByLabel('Order', { exact: true }).fill('WO-2026/0815')
    await page.getByLabel('Model').fill('2905')
    await page.getByLabel('Optical density to').fill('4,7')
    await page.getByLabel('Digitiser class').selectOption('DS')

    await page.getByRole('button', { name: 'Save as template' }).click()
    await page.getByLabel('Name of the template').fill('Films')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('button', { name: 'Remove template' }).waitFor()

    await start.click()
    await page.getByText('1 object made.').nth(1).waitFor({ timeout: 60_000 })
    await page.getByText(/Refused: .*cut off/).waitFor({ timeout: 60_000 })
    await shot('convert-done')

    // What was refused is still in the list, and not sent as another component unless it is wanted.
    await page.getByLabel('Component ID number').fill('W-18')
    await page.locator('input[type=file]').setInputFiles(path.join(folder, 'W-18.tif'))
    await page.getByRole('button', { name: 'Convert 1 file' }).click()
    await page.getByText('1 object made.').nth(2).waitFor({ timeout: 60_000 })
    const found = await page.request.get(`${app.url}/dicom-web/studies?PatientID=W-18&includefield=00201208`)
    const [study, ...others] = (await found.json()) as Record<string, { Value?: unknown[] }>[]
    assert.deepEqual([study?.['00100020']?.Value, study?.['00201208']?.Value, others], [['W-18'], [1], []])
    await page.getByRole('button', { name: 'Try again: cut.tif' }).click()
    await page.getByRole('button', { name: 'Convert 1 file' }).waitFor()
    await page.getByRole('button', { name: 'Remove: cut.tif' }).click()
    await page.getByText('cut.tif').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Clear what is stored' }).click()
    await page.getByText('W-18.tif').waitFor({ state: 'detached' })

    // A new film of the same shop: the template brings what is the same.
    await page.reload()
    await page.getByLabel('Template', { exact: true }).selectOption('Films')
    assert.equal(await page.getByLabel('Model').inputValue(), '2905')
    assert.equal(await page.getByLabel('Component ID number').inputValue(), '')

    await page.goto(app.url)
    await page.getByText('W-17').first().click()
    const original = page.getByRole('link', { name: 'Original file W-17 A.tif (TIFF)' })
    await original.waitFor()
    await shot('convert-inspection')
    // A download of the browser's own does not carry what signs this page in.
    const answer = await page.request.get(app.url + (await original.getAttribute('href')))
    assert.match(answer.headers()['content-disposition'] ?? '', /W-17 A\.tif/)
    assert.ok((await answer.body()).equals(film(1)))
    assert.deepEqual(complaints, [])
  },
)

test('films dropped among DICOM files are handed to the page that converts them', { skip }, async () => {
  const { page } = await browser.newPage()
  await page.goto(`${app.url}/upload`)
  await page.locator('input[type=file]').first().setInputFiles(path.join(folder, 'W-17 A.tif'))
  await page.getByText('1 file is an image or document of another format.').waitFor()
  if (shots !== undefined) await page.screenshot({ path: path.join(shots, 'convert-offer.png') })
  await page.getByRole('button', { name: 'Convert files' }).click()
  await page.getByRole('button', { name: 'Convert 1 file' }).waitFor()
  await page.getByText('W-17 A.tif').waitFor()
})

/** Names the component and chooses a film; what is pressed next begins it. */
async function prepare(page: Page, url: string, component: string, film = 'W-17 A.tif'): Promise<void> {
  await page.goto(`${url}/convert`)
  await page.getByLabel('Component ID number').fill(component)
  await page.getByLabel('Digitiser class').selectOption('DS')
  await page.locator('input[type=file]').setInputFiles(path.join(folder, film))
}

async function countOf(page: Page, url: string, component: string): Promise<unknown> {
  const found = await page.request.get(`${url}/dicom-web/instances?PatientID=${component}`)
  return found.status() === 204 ? 0 : ((await found.json()) as unknown[]).length
}

test('films go to the project that is chosen, and to the next one when that is chosen then', { skip }, async () => {
  const fresh = await startApp()
  try {
    const { page } = await browser.newPage({ isSignedIn: false })
    await setUp(page, fresh)
    await fresh.sql(`insert into project (slug, name) values ('castings', 'Castings')`)
    await fresh.sql(`insert into membership (project_id, account_id, role)
      select p.id, a.id, 'level-iii' from project p, account a where p.slug = 'castings' and a.email is not null`)
    // The server confirms a session every few seconds.
    const deadline = Date.now() + 30_000
    const session = async (): Promise<string> => (await page.request.get(`${fresh.url}/api/session`)).text()
    while (!(await session()).includes('castings') && Date.now() < deadline) await page.waitForTimeout(200)
    for (const [project, component, film] of [
      ['castings', 'W-30', 'W-17 A.tif'],
      ['default', 'W-31', 'W-17 B.tif'],
    ] as const) {
      await prepare(page, fresh.url, component, film)
      await page.getByLabel('Into project').selectOption(project)
      await page.getByRole('button', { name: 'Convert 1 file' }).click()
      await page.getByText('1 object made.').waitFor({ timeout: 30_000 })
      const found = await page.request.get(`${fresh.url}/dicom-web/projects/${project}/studies?PatientID=${component}`)
      assert.equal(found.status(), 200)
    }
    await page.context().close()
  } finally {
    await fresh.stop()
  }
})

test('a film of one person is not stored by another who signs in beside it', { skip }, async () => {
  const fresh = await startApp()
  try {
    const { page } = await browser.newPage({ isSignedIn: false })
    await setUp(page, fresh)
    const link = await page.evaluate(async () => {
      const body = JSON.stringify({
        email: 'karl@shop.example',
        memberships: [{ project: 'default', role: 'level-ii' }],
      })
      const headers = { 'content-type': 'application/json' }
      return ((await (await fetch('/api/invitations', { method: 'POST', headers, body })).json()) as { link: string })
        .link
    })
    const isIn = Promise.withResolvers<void>()
    await page.route(/hash\.worker/, async (route) => {
      await isIn.promise
      await route.continue()
    })
    await prepare(page, fresh.url, 'W-40')
    await page.getByRole('button', { name: 'Convert 1 file' }).click()
    await page.getByText('Being read').waitFor()
    const beside = await page.context().newPage()
    await beside.goto(link)
    await beside.getByLabel('Name').fill('Karl')
    await beside.getByLabel('Password', { exact: true }).fill('the crane lifts at eight')
    await beside.getByLabel('Password again').fill('the crane lifts at eight')
    await beside.getByRole('button', { name: 'Make my account' }).click()
    await beside.getByRole('link', { name: 'Upload', exact: true }).waitFor()
    isIn.resolve()
    // Neither the file nor what was typed is there for the other one.
    await page.getByText('W-17 A.tif').waitFor({ state: 'detached' })
    assert.equal(await page.getByLabel('Component ID number').inputValue(), '')
    assert.equal(await countOf(beside, fresh.url, 'W-40'), 0)
    await page.context().close()
  } finally {
    await fresh.stop()
  }
})

test('cancelled on its last byte a film is stored once, and the page says so', { skip }, async () => {
  const { page } = await browser.newPage()
  const asked = Promise.withResolvers<void>()
  await page.route(
    '**/complete',
    async (route) => {
      await route.fetch()
      // The answer is lost.
      asked.resolve()
      await page.waitForTimeout(300)
      await route.abort().catch(() => undefined)
    },
    { times: 1 },
  )
  await prepare(page, app.url, 'W-19')
  await page.getByRole('button', { name: 'Convert 1 file' }).click()
  await asked.promise
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('1 object made.').waitFor({ timeout: 30_000 })
  assert.equal(await countOf(page, app.url, 'W-19'), 1)
})

test(
  'a film that was left by a reload is found among the unfinished, and goes on as it was meant',
  { skip },
  async () => {
    const { page } = await browser.newPage()
    page.on('dialog', (dialog) => void dialog.accept())
    let isHeld = true
    const held = Promise.withResolvers<void>()
    await page.route(/\/parts\//, (route) => (isHeld ? held.resolve() : void route.continue()))
    await prepare(page, app.url, 'W-20')
    await page.getByRole('button', { name: 'Convert 1 file' }).click()
    await held.promise
    // The list is looked at meanwhile; the form is still there afterwards.
    await page.getByRole('link', { name: 'Upload', exact: true }).click()
    await page.getByLabel(/Files being converted: 0 of 1/).click()
    assert.equal(await page.getByLabel('Component ID number').inputValue(), 'W-20')
    isHeld = false
    await page.goto(`${app.url}/upload`)
    const chooser = page.locator('li', { hasText: 'W-17 A.tif' }).locator('input[type=file]')
    await chooser.waitFor({ state: 'attached' })
    await chooser.setInputFiles(path.join(folder, 'W-17 B.tif'))
    await page.getByText(/This is not the file/).waitFor()
    await page.goto(`${app.url}/upload`)
    await chooser.waitFor({ state: 'attached' })
    await chooser.setInputFiles(path.join(folder, 'W-17 A.tif'))
    await page.getByText('1 object made.').waitFor({ timeout: 30_000 })
    assert.equal(await countOf(page, app.url, 'W-20'), 1)
  },
)

test(
  'a session that ends while films are converted: signed in again, it goes on in the same tab',
  { skip },
  async () => {
    const fresh = await startApp()
    try {
      const { page } = await browser.newPage({ isSignedIn: false })
      await setUp(page, fresh)
      await prepare(page, fresh.url, 'W-21')
      await endSessions(page, fresh)
      await page.getByRole('button', { name: 'Convert 1 file' }).click()
      await signInAgain(page, /Your session ended|wait to be converted|are being converted/)
      await page.getByText('1 object made.').waitFor({ timeout: 30_000 })
      assert.equal(await countOf(page, fresh.url, 'W-21'), 1)
      await page.context().close()
    } finally {
      await fresh.stop()
    }
  },
)

for (const [name, options] of [
  ['narrow-light-de', { width: 390, height: 844, colours: 'light', language: 'de' }],
  ['wide-light', { width: 1440, height: 900, colours: 'light' }],
] as const) {
  test(`the form fits its window: ${name}`, { skip }, async () => {
    const { page } = await browser.newPage(options)
    await page.addInitScript(() => localStorage.setItem('instandt-colours', 'light'))
    await page.goto(`${app.url}/convert`)
    await page.locator('input[type=file]').setInputFiles(path.join(folder, 'W-17 A.tif'))
    await page.locator('input[type=checkbox]').first().check()
    await page.getByLabel(/Known from|Bekannt aus/).selectOption('calibrated')
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    assert.equal(overflow, 0)
    if (shots === undefined) return
    await page.setViewportSize({ width: options.width, height: 2600 })
    await page.screenshot({ path: path.join(shots, `convert-${name}.png`) })
  })
}
