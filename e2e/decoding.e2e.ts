import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { readFrameAttributes } from '@instandt/pixels'
import type { DecodeAnswer, FrameTask } from '../apps/frontend/src/features/viewer/engine/decode-task.ts'
import { compareSharedFiles, type Decoded, missingFiles } from '../packages/pixels/src/shared-files.fixture.ts'
import { pagesDir, startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser, type TestPage } from './src/browser.ts'

const skip = missingBrowser ?? missingFiles

let app: TestApp
let browser: TestBrowser
let screen: TestPage

before(async () => {
  if (skip) return
  app = await startApp()
  browser = await openBrowser()
  screen = await browser.newPage()
  await screen.page.goto(app.url)
})
after(async () => {
  await browser?.stop()
  await app?.stop()
})

/** Runs the worker of the built pages, under their own security policy. */
async function decodeInBrowser(task: Omit<FrameTask, 'bytes'>, bytes: Uint8Array): Promise<Decoded> {
  const worker = readdirSync(path.join(pagesDir, 'assets')).find((name) => /^decode\.worker-.*\.js$/.test(name))
  await screen.page.route('**/frame-under-test', (route) =>
    route.fulfill({ body: Buffer.from(bytes), contentType: 'application/octet-stream' }),
  )
  try {
    return await screen.page.evaluate(decodeHere, { task, worker: `/assets/${worker}` })
  } finally {
    await screen.page.unroute('**/frame-under-test')
  }
}

async function decodeHere({ task, worker }: { task: Omit<FrameTask, 'bytes'>; worker: string }): Promise<Decoded> {
  const scope = globalThis as unknown as { worker?: Worker }
  scope.worker ??= new Worker(worker, { type: 'module' })
  const bytes = new Uint8Array(await (await fetch('/frame-under-test')).arrayBuffer())
  const answer = await new Promise<DecodeAnswer>((resolve, reject) => {
    scope.worker!.addEventListener('message', (event: MessageEvent<DecodeAnswer>) => resolve(event.data), {
      once: true,
    })
    scope.worker!.addEventListener('error', (event) => reject(new Error(event.message)), { once: true })
    scope.worker!.postMessage({ ...task, bytes }, [bytes.buffer])
  })
  if ('fault' in answer) return { fault: answer.fault.code }
  if ('failure' in answer) return { fault: answer.failure }
  const { stored } = answer.image
  let sum = 0
  for (const value of stored) sum += value
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', stored))
  return { sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''), mean: sum / stored.length }
}

test(
  'every shared file is decoded by the built worker to the stored values other programs find',
  { skip, timeout: 540_000 },
  async () => {
    const { files, wrong } = await compareSharedFiles(async (file, format, frame) => {
      const { padding } = readFrameAttributes(file.dataset, format, frame)
      const tables = { palette: undefined, modality: undefined }
      const task = { kind: 'frame' as const, syntaxUid: file.frameSyntaxUid, format, tables, padding, maxTexture: 8192 }
      return decodeInBrowser(task, await file.frame(frame))
    })
    assert.deepEqual(wrong, [])
    assert.ok(files > 300, `only ${files} files were looked at`)
    assert.deepEqual(screen.complaints, [])
  },
)
