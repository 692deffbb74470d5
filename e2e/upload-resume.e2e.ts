import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startApp } from './src/app.ts'
import type { Page, Route } from 'playwright-core'
import { missingBrowser, openBrowser, type TestBrowser } from './src/browser.ts'
import { endSessions, setUp, signInAgain } from './src/session-end.ts'
import { startKillableApp } from './src/killable-app.ts'
import { clearList, fileOf, filmOf, finished, receiptOf, rowOf, sha256, uploadFolder } from './src/upload-page.ts'

const skip = missingBrowser ?? false
let browser: TestBrowser
let files: Awaited<ReturnType<typeof uploadFolder>>
let folder: string

/** Parts of an upload wait here, so that each stop finds some still to be sent, however fast the machine is. */
async function holdParts(page: Page): Promise<{
  letThrough: (count: number) => void
  stored: () => number
  storedFrom: (count: number) => Promise<void>
}> {
  const waiting: Route[] = []
  let free = 0
  let stored = 0
  const goOn = (): void => {
    while (free > 0) {
      const route = waiting.shift()
      if (!route) return
      free -= 1
      void route.continue()
    }
  }
  await page.route(/\/parts\//, (route) => {
    waiting.push(route)
    goOn()
  })
  // Given up by the page: by a pause or a reload.
  page.on('requestfailed', (request) => {
    const at = waiting.findIndex((route) => route.request() === request)
    if (at >= 0) waiting.splice(at, 1)
  })
  page.on('response', (response) => {
    if (/\/parts\//.test(response.url()) && response.status() === 204) stored += 1
  })
  return {
    letThrough(count) {
      free += count
      goOn()
    },
    stored: () => stored,
    async storedFrom(count) {
      const deadline = Date.now() + 60_000
      while (stored < count && Date.now() < deadline) await page.waitForTimeout(10)
      assert.ok(stored >= count, `${stored} parts`)
    },
  }
}

/**
 * A window of the system cannot be clicked in: the file lies on the browser's own disk, whose handles are real ones; those of
 * `gone` are chosen with it, and removed before they are read.
 */
async function pickFromDisk(page: Page, film: Uint8Array, gone: string[] = []): Promise<void> {
  await page.context().route('**/film-of-the-test', (route) => route.fulfill({ body: Buffer.from(film) }))
  await page.context().addInitScript(
    (names) =>
      Object.assign(window, {
        async showOpenFilePicker() {
          const disk = await navigator.storage.getDirectory()
          const handle = await disk.getFileHandle('kept.dcm', { create: true })
          const writable = await handle.createWritable()
          await writable.write(await (await fetch('/film-of-the-test')).blob())
          await writable.close()
          const lost = await Promise.all(names.map((name) => disk.getFileHandle(name, { create: true })))
          for (const name of names) await disk.removeEntry(name)
          return [...lost, handle]
        },
      }),
    gone,
  )
}

/** The same file in a folder of the browser's own disk, dropped on the page: only the system can make a real drop. */
const dropFolder = (page: Page): Promise<boolean> =>
  page.evaluate(async () => {
    const disk = await navigator.storage.getDirectory()
    const folder = await disk.getDirectoryHandle('CT', { create: true })
    const part = await folder.getDirectoryHandle('part', { create: true })
    const handle = await part.getFileHandle('kept.dcm', { create: true })
    const writable = await handle.createWritable()
    await writable.write(await (await fetch('/film-of-the-test')).blob())
    await writable.close()
    const folderOf = (fullPath: string, child: object): object => ({
      isDirectory: true,
      name: fullPath.split('/').at(-1),
      fullPath,
      createReader() {
        const batches = [[child], []]
        return { readEntries: (take: (batch: object[]) => void) => take(batches.shift() ?? []) }
      },
    })
    const file = {
      isFile: true,
      name: 'kept.dcm',
      fullPath: '/CT/part/kept.dcm',
      file: (take: (file: File) => void) => void handle.getFile().then(take),
    }
    const item = {
      kind: 'file',
      webkitGetAsEntry: () => folderOf('/CT', folderOf('/CT/part', file)),
      getAsFile: () => null,
      getAsFileSystemHandle: async () => folder,
    }
    const drop = new DragEvent('drop', { cancelable: true })
    Object.defineProperty(drop, 'dataTransfer', { value: { types: ['Files'], items: [item] } })
    return window.dispatchEvent(drop)
  })

/** Uploads of which the browser keeps a handle; with `oldAt` one more is kept, from that time. */
const keptOn = (page: Page, oldAt?: number): Promise<string[]> =>
  page.evaluate(
    (at) =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('instandt-uploads', 1)
        opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('handles'))
        opening.addEventListener('error', () => reject(new Error('closed')))
        opening.addEventListener('success', () => {
          const store = opening.result.transaction('handles', 'readwrite').objectStore('handles')
          if (at !== undefined) store.put({ handle: null, at }, 'old')
          const asking = store.getAllKeys()
          asking.addEventListener('success', () => {
            opening.result.close()
            resolve(asking.result.map(String))
          })
        })
      }),
    oldAt,
  )

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
      const film = filmOf('killed', 48)
      await writeFile(path.join(folder, 'large.dcm'), film)
      await writeFile(path.join(folder, 'other.dcm'), fileOf('other'))
      const { page } = await browser.newPage()
      await page.goto(`${killable.url}/upload`)
      const { letThrough, stored, storedFrom } = await holdParts(page)
      await files.choose(page, 'large.dcm')
      letThrough(1)
      await storedFrom(1)
      await page.getByRole('button', { name: 'Pause' }).click()
      await page
        .getByText(/^Paused \d+ %/)
        .first()
        .waitFor()
      letThrough(1)
      await page.waitForTimeout(500)
      assert.equal(stored(), 1, 'nothing moves in a pause')

      await page.getByRole('button', { name: 'Go on' }).click()
      await storedFrom(2)
      await killable.kill()
      letThrough(1)
      await page
        .getByText(/Waiting for the server/)
        .first()
        .waitFor({ timeout: 60_000 })
      await killable.start()
      letThrough(1)
      await storedFrom(3)

      // The tab is reloaded: the same file is asked for, another one is refused.
      await page.getByRole('button', { name: 'Pause' }).click()
      page.on('dialog', (dialog) => void dialog.accept())
      await page.reload()
      const left = page.getByRole('region', { name: 'Unfinished uploads' })
      await left.getByText('large.dcm').waitFor()
      const again = left.locator('input[type=file]')
      await again.setInputFiles(path.join(folder, 'other.dcm'))
      await page.getByText(/not the file that the unfinished upload is of/).waitFor()
      await clearList(page)
      letThrough(Number.POSITIVE_INFINITY)
      await again.setInputFiles(path.join(folder, 'large.dcm'))
      await finished(page)
      assert.equal(stored(), 7, 'no part is sent again that has arrived')
      const proof = (await receiptOf(page)).find(({ result }) => result === 'stored')
      assert.equal(proof?.sha256, sha256(film))
      await page.context().close()
    } finally {
      await killable.stop()
    }
  },
)

const ways: Record<string, (page: Page) => Promise<unknown>> = {
  chosen: (page) => page.getByRole('button', { name: 'Choose files' }).click(),
  'dropped in a folder': dropFolder,
}
for (const [way, give] of Object.entries(ways))
  test(`a file that was ${way} goes on by one click after its tab was closed`, { skip }, async () => {
    const fresh = await startApp()
    try {
      const film = filmOf('kept', 24)
      const { page } = await browser.newPage()
      const context = page.context()
      await pickFromDisk(page, film)
      await page.goto(`${fresh.url}/upload`)
      const first = await holdParts(page)
      await give(page)
      first.letThrough(1)
      await first.storedFrom(1)
      await page.close()

      const again = await context.newPage()
      await again.goto(`${fresh.url}/upload`)
      const second = await holdParts(again)
      second.letThrough(Number.POSITIVE_INFINITY)
      await again.getByRole('button', { name: /^Go on with the upload of .*kept\.dcm$/ }).click()
      await finished(again)
      assert.equal((await receiptOf(again)).find(({ result }) => result === 'stored')?.sha256, sha256(film))
      const parts = Math.ceil(film.length / (8 * 1024 * 1024))
      assert.ok(second.stored() < parts, `${second.stored()} of ${parts} parts`)

      // Nothing is kept of what has ended.
      assert.deepEqual(await keptOn(again), [])
      await context.close()
    } finally {
      await fresh.stop()
    }
  })

test(
  'no handle stays of an upload that the server dropped, nor an old one; a file that cannot be read is named',
  { skip },
  async () => {
    const fresh = await startApp()
    try {
      const { page } = await browser.newPage()
      await pickFromDisk(page, filmOf('dropped', 24), ['gone.dcm'])
      await page.goto(`${fresh.url}/upload`)
      await keptOn(page, Date.now() - 9 * 86_400_000)
      assert.deepEqual(await keptOn(page), ['old'])
      const { letThrough, storedFrom } = await holdParts(page)
      await page.getByRole('button', { name: 'Choose files' }).click()
      letThrough(1)
      await storedFrom(1)
      const [first, ...others] = await keptOn(page)
      assert.match(first ?? '', /^[0-9a-f-]{36}$/)
      assert.deepEqual(others, [], 'the old one is gone')
      await fresh.sql('delete from upload')
      letThrough(Number.POSITIVE_INFINITY)
      await rowOf(page, 'kept.dcm').getByText('Stored').waitFor({ timeout: 60_000 })
      assert.match(await rowOf(page, 'gone.dcm').innerText(), /could not be read/)
      // Forgotten beside what is shown.
      for (let tries = 0; tries < 50 && (await keptOn(page)).length > 0; tries += 1) await page.waitForTimeout(100)
      assert.deepEqual(await keptOn(page), [])
      await page.context().close()
    } finally {
      await fresh.stop()
    }
  },
)

test('a session that ends in the middle: signed in again, the upload goes on in the same tab', { skip }, async () => {
  const fresh = await startApp()
  try {
    const { page } = await browser.newPage({ isSignedIn: false })
    await setUp(page, fresh)
    await page.getByRole('link', { name: 'Upload', exact: true }).click()
    await page.locator('input[webkitdirectory]').waitFor({ state: 'attached' })
    await endSessions(page, fresh)
    await writeFile(path.join(folder, 'late.dcm'), fileOf('late'))
    await files.choose(page, 'late.dcm')
    await signInAgain(page, /Your session ended|wait to be uploaded|are being uploaded/)
    await finished(page)
    assert.match(await rowOf(page, 'late.dcm').innerText(), /Stored/)
    await page.context().close()
  } finally {
    await fresh.stop()
  }
})
