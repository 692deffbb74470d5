import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'

const skip = missingBrowser ?? false
let app: TestApp
let browser: TestBrowser
let folder: string

const columns = 200
const rows = 150
/** Every pixel has a value of its own, so that a reading tells its place. */
const valueAt = (x: number, y: number): number => 1000 + x + y * columns
const pixels = Uint16Array.from({ length: columns * rows }, (_, at) => valueAt(at % columns, Math.floor(at / columns)))

function weldFile(number: number): Uint8Array {
  return buildInstance({
    seed: `upload ${number}`,
    studyInstanceUid: uidOf('upload', 'study'),
    seriesInstanceUid: uidOf('upload', 'series'),
    image: { rows, columns, bitsAllocated: 16, bitsStored: 16, frame: () => new Uint8Array(pixels.buffer) },
    attributes: attributesOf({
      PatientName: 'Kesselnaht^7=B',
      PatientID: 'KN-7/0815',
      InstanceNumber: number,
      Modality: 'DX',
    }),
  })
}

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  folder = await mkdtemp(path.join(tmpdir(), 'instandt-upload-'))
  await mkdir(path.join(folder, 'Bilder/Naht 7'), { recursive: true })
  for (let number = 1; number <= 12; number += 1) {
    await writeFile(path.join(folder, 'Bilder/Naht 7', `${number}.dcm`), weldFile(number))
  }
  await writeFile(path.join(folder, 'Bilder/cut.dcm'), weldFile(13).subarray(0, -1001))
  await writeFile(path.join(folder, 'Bilder/readme.txt'), 'Prüfbericht folgt.')
})
after(async () => {
  await browser?.stop()
  await app?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test('a folder is uploaded, found and opened, and a known pixel is read under the cursor', { skip }, async () => {
  const { page, complaints } = await browser.newPage()
  await page.goto(`${app.url}/`)
  await page.getByText('No inspections yet').waitFor()
  await app.store(buildInstance({ seed: 'another inspection' }) as Uint8Array<ArrayBuffer>)
  await page.getByRole('link', { name: 'Upload', exact: true }).click()
  await page.locator('input[webkitdirectory]').setInputFiles(path.join(folder, 'Bilder'))

  await page
    .getByText(/^Finished \d+ %/)
    .and(page.locator(':not(output)'))
    .waitFor()
  const list = page.getByRole('grid', { name: 'Files of this upload' })
  assert.equal(await list.getByText(/^Stored$/).count(), 12)
  // The reason is whole: what is wrong, with which element, where.
  assert.match(await list.getByText('cut.dcm').locator('xpath=ancestor::*[@role="row"]').innerText(), /\(7FE0,0010\)/)

  await page.getByRole('link', { name: 'instaNDT, to the inspections' }).click()
  await page.getByText('2 inspections', { exact: true }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('kesselnaht')
  await page.getByText('1 inspection', { exact: true }).waitFor()
  await page.waitForURL(/q=kesselnaht/)
  await page.getByText('Kesselnaht^7=B').click()

  await page.getByRole('heading', { name: 'Kesselnaht^7=B' }).waitFor()
  await page.getByRole('link', { name: 'Open in the viewer' }).first().click()
  const surface = page.getByTestId('viewer-surface')
  await page.getByTestId('viewer-zoom').waitFor()
  const box = (await surface.boundingBox())!
  for (const [dx, dy] of [
    [0, 0],
    [-120, 80],
    [150, -95],
  ] as const) {
    await page.mouse.move(box.x + box.width / 2 + dx, box.y + box.height / 2 + dy)
    const reading = page.getByTestId('viewer-pixel').getByText(/^x \d+, y \d+: [\d,]+/)
    const [, x, y, value] = /^x (\d+), y (\d+): ([\d,]+)/.exec(await reading.innerText()) ?? []
    assert.equal(Number(value?.replaceAll(',', '')), valueAt(Number(x), Number(y)))
  }
  // What was refused is the only thing the browser may complain of.
  assert.deepEqual(
    complaints.filter((complaint) => !complaint.includes('409')),
    [],
  )
  await page.context().close()
})
