import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import {
  clearList,
  fileOf,
  filmOf,
  films,
  finished,
  receiptOf,
  rowOf,
  sha256,
  study,
  uploadFolder,
} from './src/upload-page.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser
let files: Awaited<ReturnType<typeof uploadFolder>>
let folder: string

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  files = await uploadFolder()
  folder = files.folder
})
after(async () => {
  await browser?.stop()
  await app?.stop()
  await files?.remove()
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
    const stored = await page.request.get(`${app.url}/dicom-web/studies/${study}/series/${films}/instances/${sop}`, {
      headers: { accept: 'application/dicom' },
    })
    assert.equal(sha256(await stored.body()), sha256(film), 'what is stored is what the receipt says')

    // Once more: nothing is sent.
    await clearList(page)
    let sent = 0
    page.on('request', (request) => {
      if (/\/studies$|\/parts\//.test(request.url())) sent += 1
    })
    await writeFile(path.join(folder, 'again.zip'), await readFile(path.join(folder, 'disc/more.zip')))
    await files.choose(page, 'again.zip')
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
  await finished(page, 90_000 + count * 20)
  await page.getByText(`Stored ${count.toLocaleString('en')}`, { exact: true }).waitFor()
  const gap = await page.evaluate(() => (window as unknown as { longestGap: number }).longestGap)
  assert.ok(gap < 3000, `the page slept for ${Math.round(gap)} ms`)
  assert.ok((await page.getByRole('row').count()) < 80)
  await page.context().close()
})

test('a part of the program that is gone is said, blames no disk, and is fetched again', { skip }, async () => {
  await writeFile(path.join(folder, 'late.dcm'), fileOf('late'))
  const { page } = await browser.newPage()
  let isGone = true
  await page.route(/intake\.worker-[^/]*\.js/, (route) => (isGone ? route.fulfill({ status: 404 }) : route.continue()))
  await page.goto(`${app.url}/upload`)
  await files.choose(page, 'late.dcm')
  await rowOf(page, 'late.dcm')
    .getByText(/Part of the program could not be loaded/)
    .waitFor()
  isGone = false
  await page.getByRole('button', { name: /again/ }).click()
  // The list says finished from the first try until it is drawn anew.
  await rowOf(page, 'late.dcm')
    .getByText(/Stored/)
    .waitFor()
  await finished(page)
  const [row] = await receiptOf(page)
  assert.deepEqual([row?.file, row?.result], ['late.dcm', 'stored'])
  await page.context().close()
})
