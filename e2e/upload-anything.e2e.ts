import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js'
import type { Locator, Page } from 'playwright-core'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
const study = uidOf('anything', 'study')
let app: TestApp
let browser: TestBrowser
let folder: string

const fileOf = (seed: string): Uint8Array =>
  buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('anything', 'series'),
    attributes: attributesOf({ PatientName: 'Kesselnaht', PatientID: 'KN-7', Modality: 'DX' }),
  })

/** Two frames of noise: nothing packs it, and it travels in parts. */
function filmOf(seed: string, megabytes: number): Uint8Array {
  const rows = megabytes * 512
  const noise = randomBytes(rows * 1024 * 2)
  return buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('anything', 'films'),
    image: { rows, columns: 1024, bitsAllocated: 16, bitsStored: 16, frame: () => noise },
    attributes: attributesOf({ PatientName: 'Kesselnaht', PatientID: 'KN-7', Modality: 'DX' }),
  })
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const rowOf = (page: Page, name: string): Locator =>
  page
    .getByRole('grid', { name: 'Files of this upload' })
    .getByTitle(name, { exact: true })
    .locator('xpath=ancestor::*[@role="row"]')
const choose = (page: Page, ...names: string[]): Promise<void> =>
  page.locator('input[aria-label="Choose files"]').setInputFiles(names.map((name) => path.join(folder, name)))
const finished = (page: Page): Promise<void> =>
  page
    .getByText(/^Finished \d+ %/)
    // Not the words for ears, which stay from the upload before.
    .and(page.locator(':not(output)'))
    .first()
    .waitFor({ timeout: 90_000 })

interface Receipt {
  files: { file: string; sha256: string; sopInstanceUid: string; result: string; time: string }[]
}
async function receiptOf(page: Page): Promise<Receipt['files']> {
  await page.getByRole('button', { name: 'Receipt' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'as JSON' }).click()
  return (JSON.parse(await readFile(await (await download).path(), 'utf8')) as Receipt).files
}

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  folder = await mkdtemp(path.join(tmpdir(), 'instandt-anything-'))
})
after(async () => {
  await browser?.stop()
  await app?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test(
  'a medium with its table of contents, an archive and other files: each has its outcome, and a receipt says so',
  { skip },
  async () => {
    await mkdir(path.join(folder, 'disc/IMAGES'), { recursive: true })
    await writeFile(path.join(folder, 'disc/DICOMDIR'), 'a table of contents')
    await writeFile(path.join(folder, 'disc/IMAGES/IM1'), fileOf('a'))
    await writeFile(path.join(folder, 'disc/IMAGES/IM1 copy'), fileOf('a'))
    await writeFile(path.join(folder, 'disc/film.tif'), new Uint8Array([0x49, 0x49, 42, 0, 8, 0, 0, 0]))
    await writeFile(path.join(folder, 'disc/readme.txt'), 'The report follows.')
    const film = filmOf('film in an archive', 20)
    const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false })
    for (const [name, bytes, options] of [
      ['IM2', fileOf('b'), {}],
      ['IM3', fileOf('c'), { password: 'seven' }],
      ['film', film, { level: 1 }],
    ] as const)
      await zip.add(name, new Uint8ArrayReader(bytes), options)
    await writeFile(path.join(folder, 'disc/more.zip'), new Uint8Array(await (await zip.close()).arrayBuffer()))
    await writeFile(path.join(folder, 'disc/torn.zip'), 'PK\u0003\u0004 and nothing else')

    const { page, complaints } = await browser.newPage()
    await page.goto(`${app.url}/upload`)
    await page.locator('input[webkitdirectory]').setInputFiles(path.join(folder, 'disc'))
    await finished(page)
    for (const [name, words] of [
      ['disc/DICOMDIR', /Left out.*table of contents/],
      ['disc/film.tif', /Refused.*without DICOM attributes/],
      ['disc/readme.txt', /Refused.*Not a DICOM file/],
      ['disc/more.zip', /Left out.*opened/],
      ['disc/more.zip/IM2', /Stored/],
      ['disc/more.zip/IM3', /Refused.*password/],
      ['disc/more.zip/film', /Stored/],
      ['disc/torn.zip', /Refused.*damaged/],
    ] as const)
      assert.match(await rowOf(page, name).innerText(), words)

    const receipt = new Map((await receiptOf(page)).map((line) => [line.file, line]))
    assert.equal(receipt.get('disc/more.zip/film')?.sha256, sha256(film))
    assert.equal(receipt.get('disc/IMAGES/IM1')?.sha256, sha256(fileOf('a')))
    assert.deepEqual(
      ['disc/IMAGES/IM1', 'disc/IMAGES/IM1 copy']
        .map((name) => receipt.get(name)?.result ?? '')
        .sort((a, b) => a.localeCompare(b)),
      ['present', 'stored'],
    )
    const sop = receipt.get('disc/more.zip/film')?.sopInstanceUid ?? ''
    const stored = await page.request.get(
      `${app.url}/dicom-web/studies/${study}/series/${uidOf('anything', 'films')}/instances/${sop}`,
      {
        headers: { accept: 'application/dicom' },
      },
    )
    assert.equal(sha256(await stored.body()), sha256(film), 'what is stored is what the receipt says')

    // Once more: nothing is sent.
    await page.getByRole('button', { name: 'Clear the list' }).click()
    await page.getByRole('grid', { name: 'Files of this upload' }).waitFor({ state: 'detached' })
    let sent = 0
    page.on('request', (request) => {
      if (/\/studies$|\/parts\//.test(request.url())) sent += 1
    })
    await writeFile(path.join(folder, 'again.zip'), await readFile(path.join(folder, 'disc/more.zip')))
    await choose(page, 'again.zip')
    await finished(page)
    assert.match(await rowOf(page, 'again.zip/film').innerText(), /Already there/)
    assert.equal(sent, 0)
    assert.deepEqual(complaints, [])
    await page.context().close()
  },
)

test('thousands of files: the page stays awake and every one is stored', { skip }, async () => {
  const count = Number(process.env['INSTANDT_MANY_FILES'] ?? 1500)
  await mkdir(path.join(folder, 'many'))
  for (let number = 0; number < count; number += 1)
    await writeFile(path.join(folder, 'many', `${number}.dcm`), fileOf(`many ${number}`))
  const { page } = await browser.newPage()
  await page.goto(`${app.url}/upload`)
  await page.evaluate(() => {
    let last = performance.now()
    Object.assign(window, { longestGap: 0 })
    setInterval(() => {
      const now = performance.now()
      Object.assign(window, {
        longestGap: Math.max((window as unknown as { longestGap: number }).longestGap, now - last),
      })
      last = now
    }, 20)
  })
  await page.locator('input[webkitdirectory]').setInputFiles(path.join(folder, 'many'))
  await page
    .getByText(/^Finished \d+ %/)
    // Not the words for ears, which stay from the upload before.
    .and(page.locator(':not(output)'))
    .first()
    .waitFor({ timeout: 90_000 + count * 20 })
  await page.getByText(`Stored ${count.toLocaleString('en')}`, { exact: true }).waitFor()
  const gap = await page.evaluate(() => (window as unknown as { longestGap: number }).longestGap)
  assert.ok(gap < 3000, `the page slept for ${Math.round(gap)} ms`)
  assert.ok((await page.getByRole('row').count()) < 80)
  await page.context().close()
})
