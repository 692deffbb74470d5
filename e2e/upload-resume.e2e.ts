import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { startKillableApp } from './src/killable-app.ts'
import { fileOf, filmOf, finished, receiptOf, rowOf, sha256, uploadFolder } from './src/upload-page.ts'

const skip = missingBrowser ?? false
let browser: TestBrowser
let files: Awaited<ReturnType<typeof uploadFolder>>
let folder: string

before(async () => {
  if (skip) return
  browser = await openBrowser()
  files = await uploadFolder()
  folder = files.folder
})
after(async () => {
  await browser?.stop()
  await files?.remove()
})

test(
  'paused, killed, reloaded: a large file goes on where it stopped, and only when it is the same',
  { skip },
  async () => {
    const killable = await startKillableApp()
    try {
      // Twelve parts, three at a time, which end together: each stop below finds some still to be sent.
      const film = filmOf('killed', 96)
      await writeFile(path.join(folder, 'large.dcm'), film)
      await writeFile(path.join(folder, 'other.dcm'), fileOf('other'))
      const { page } = await browser.newPage()
      await page.goto(`${killable.url}/upload`)
      // So slow that there is a middle to be met.
      const line = await page.context().newCDPSession(page)
      const slow = { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 6_000_000 }
      await line.send('Network.emulateNetworkConditions', slow)
      let parts = 0
      page.on('requestfinished', (request) => {
        if (/\/parts\//.test(request.url())) parts += 1
      })
      const partsFrom = async (number: number): Promise<void> => {
        const deadline = Date.now() + 60_000
        while (parts < number && Date.now() < deadline) await page.waitForTimeout(10)
        assert.ok(parts >= number, `${parts} parts`)
      }
      await files.choose(page, 'large.dcm')
      await partsFrom(1)
      await page.getByRole('button', { name: 'Pause' }).dispatchEvent('click')
      await page
        .getByText(/^Paused \d+ %/)
        .first()
        .waitFor()
      await page.waitForTimeout(300)
      const before = parts
      await page.waitForTimeout(500)
      assert.equal(parts, before, 'nothing moves in a pause')

      await page.getByRole('button', { name: 'Go on' }).dispatchEvent('click')
      await partsFrom(before + 1)
      await killable.kill()
      await page
        .getByText(/Waiting for the server/)
        .first()
        .waitFor({ timeout: 60_000 })
      await killable.start()
      await partsFrom(before + 2)

      // The tab is reloaded: the same file is asked for, another one is refused.
      await page.getByRole('button', { name: 'Pause' }).dispatchEvent('click')
      page.on('dialog', (dialog) => void dialog.accept())
      await page.reload()
      const left = page.getByRole('region', { name: 'Unfinished uploads' })
      await left.getByText('large.dcm').waitFor()
      const again = left.locator('input[type=file]')
      await again.setInputFiles(path.join(folder, 'other.dcm'))
      await page.getByText(/not the file that the unfinished upload is of/).waitFor()
      const sent = parts
      parts = 0
      await again.setInputFiles(path.join(folder, 'large.dcm'))
      await finished(page)
      assert.ok(parts <= 12 - sent + 3, `${sent} parts before and ${parts} after the reload, for 12`)
      const proof = (await receiptOf(page)).find(({ result }) => result === 'stored')
      assert.equal(proof?.sha256, sha256(film))
      await page.context().close()
    } finally {
      await killable.stop()
    }
  },
)

test('a session that ends in the middle: signed in again, the upload goes on in the same tab', { skip }, async () => {
  const fresh = await startApp()
  try {
    const { page } = await browser.newPage({ isSignedIn: false })
    const password = 'the crane lifts at seven'
    await page.goto(fresh.setupLink ?? '')
    await page.getByLabel('Name').fill('Petra Weber')
    await page.getByLabel('E-mail').fill('petra@shop.example')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByLabel('Password again').fill(password)
    await page.getByRole('button', { name: 'Set up and sign in' }).click()
    await page.getByText('No inspections yet').waitFor()
    await page.getByRole('link', { name: 'Upload', exact: true }).click()
    await page.locator('input[webkitdirectory]').waitFor({ state: 'attached' })
    await fresh.sql('delete from session')
    // The server confirms a session every few seconds.
    const deadline = Date.now() + 30_000
    while ((await page.request.get(`${fresh.url}/api/session`)).status() !== 401 && Date.now() < deadline)
      await page.waitForTimeout(200)
    await writeFile(path.join(folder, 'late.dcm'), fileOf('late'))
    await files.choose(page, 'late.dcm')
    // Whichever request meets it first: the upload's own, or the page's, which leads to the sign-in.
    await page
      .getByText(/Your session ended|wait to be uploaded|are being uploaded/)
      .first()
      .waitFor()
    const isLed = page.url().includes('/sign-in')
    const opened = isLed ? Promise.resolve(page) : page.context().waitForEvent('page')
    if (!isLed) await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    const signIn = await opened
    await signIn.getByLabel('E-mail').fill('petra@shop.example')
    await signIn.getByLabel('Password', { exact: true }).fill(password)
    await signIn.getByRole('button', { name: 'Sign in', exact: true }).click()
    await signIn.waitForURL((url) => !url.pathname.includes('sign-in'))
    await finished(page)
    assert.match(await rowOf(page, 'late.dcm').innerText(), /Stored/)
    await page.context().close()
  } finally {
    await fresh.stop()
  }
})
