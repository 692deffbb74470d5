import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { buildInstance } from '@instandt/testkit/files'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
/** Where pictures for a person's eyes go, if wanted. */
const shots = process.env['INSTANDT_SHOTS']
let app: TestApp
let browser: TestBrowser

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  for (const seed of ['one', 'two', 'three'])
    await app.store(buildInstance({ seed, image: { rows: 20, columns: 30 } }) as Uint8Array<ArrayBuffer>)
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

const of = (which: string, change: string): Promise<void> =>
  app.sql(
    `update rendition_job set ${change} where instance_id = (select id from instance order by id ${which} limit 1)`,
  )

test('the administrator sees what waits and what failed, and has it made again', { skip }, async () => {
  await of(
    '',
    `state = 'failed', thumbnail = 'none', reason = 'frame 1: decode-failed: JPEG-LS Lossless, damaged data', frame_count = 12,
     frames_done = 12, frames_made = 11, finished_at = now()`,
  )
  await of(
    'desc',
    `thumbnail = 'made', frame_count = 40, frames_done = 25, leased_by = gen_random_uuid(), leased_until = now() + interval '1 hour'`,
  )
  const { page, complaints } = await browser.newPage({ isSignedIn: false })
  await page.goto(app.setupLink ?? '')
  await page.getByLabel('Name').fill('Petra Weber')
  await page.getByLabel('E-mail').fill('petra@shop.example')
  await page.getByLabel('Password', { exact: true }).fill('the crane lifts at seven')
  await page.getByLabel('Password again').fill('the crane lifts at seven')
  await page.getByRole('button', { name: 'Set up and sign in' }).click()
  await page.waitForURL(`${app.url}/`)
  await page.goto(`${app.url}/administration/renditions`)
  await page.getByText('25 of 40 frames').waitFor()
  const number = (name: string) => page.locator('dl > div', { hasText: name }).locator('dd').textContent()
  assert.equal(await number('Wait for the small image'), '1')
  assert.equal(await number('Wait for the viewer’s image'), '1')
  assert.equal(await number('Could not be made'), '1')
  await page.getByRole('cell', { name: /decode-failed: JPEG-LS/ }).waitFor()
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height })
    const { scrollWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth }))
    assert.ok(scrollWidth <= width, `${scrollWidth} pixels wide at ${width}`)
    if (shots) await page.screenshot({ path: `${shots}/queue-${width}.png` })
  }

  await page.getByRole('button', { name: 'Try again' }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('Make all of them again?').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click()
  await page.getByText('None.').waitFor()
  await page.waitForFunction(() => document.querySelector('dl > div:last-child dd')?.textContent === '0')
  assert.equal(await number('Wait for the small image'), '2')
  assert.deepEqual(
    complaints.filter((words) => words.includes(app.url)),
    [],
  )
})
