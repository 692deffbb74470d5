import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import type { Locator, Page } from 'playwright-core'

/** The inspection that all files made here belong to. */
export const study = uidOf('anything', 'study')
export const films = uidOf('anything', 'films')
const component = { PatientName: 'Kesselnaht', PatientID: 'KN-7', Modality: 'DX' }

export const fileOf = (seed: string): Uint8Array =>
  buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('anything', 'series'),
    attributes: attributesOf(component),
  })

/** Noise: nothing packs it, and it travels in parts. */
export function filmOf(seed: string, megabytes: number): Uint8Array {
  const rows = megabytes * 512
  const noise = randomBytes(rows * 1024 * 2)
  return buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: films,
    image: { rows, columns: 1024, bitsAllocated: 16, bitsStored: 16, frame: () => noise },
    attributes: attributesOf(component),
  })
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface Receipt {
  files: { file: string; sha256: string; sopInstanceUid: string; result: string; time: string }[]
}

/** A folder for the files of one test file; the page is given them from there. */
export async function uploadFolder(): Promise<{
  folder: string
  choose: (page: Page, ...names: string[]) => Promise<void>
  remove: () => Promise<void>
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-anything-'))
  return {
    folder,
    choose: (page, ...names) =>
      page.locator('input[aria-label="Choose files"]').setInputFiles(names.map((name) => path.join(folder, name))),
    remove: () => rm(folder, { recursive: true }),
  }
}

const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Files of this upload' })

export const rowOf = (page: Page, name: string): Locator =>
  grid(page).getByTitle(name, { exact: true }).locator('xpath=ancestor::*[@role="row"]')

export const finished = (page: Page, timeout = 90_000): Promise<void> =>
  page
    .getByText(/^Finished \d+ %/)
    // Not the words for ears, which stay from the upload before.
    .and(page.locator(':not(output)'))
    .first()
    .waitFor({ timeout })

/** Clears the list and returns once it is clear: until then the last upload still looks finished. */
export async function clearList(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Clear the list' }).click()
  await grid(page).waitFor({ state: 'detached' })
}

export async function receiptOf(page: Page): Promise<Receipt['files']> {
  await page.getByRole('button', { name: 'Receipt' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'as JSON' }).click()
  return (JSON.parse(await readFile(await (await download).path(), 'utf8')) as Receipt).files
}
