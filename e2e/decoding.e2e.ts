import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { DecodeAnswer, DecodeTask } from '../apps/frontend/src/features/viewer/engine/decode-task.ts'
import { readFrameAttributes } from '../apps/frontend/src/features/viewer/engine/frame-attributes.ts'
import { PixelFault } from '../apps/frontend/src/features/viewer/engine/pixel-fault.ts'
import { readPixelFormat } from '../apps/frontend/src/features/viewer/engine/pixel-format.ts'
import { pagesDir, startApp, type TestApp } from './src/app.ts'
import { missingBrowser, openBrowser, type TestBrowser, type TestPage } from './src/browser.ts'
import { openFile, type OpenFile } from './src/open-file.ts'

const dataDir = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../shared/data')
const skip =
  missingBrowser ?? (existsSync(dataDir) ? false : `the folder of shared files is not here: ${path.basename(dataDir)}`)
/** Frames of one file that are decoded: the first ones and the last. */
const framesPerFile = 6

interface Expected {
  file: string
  pixels?: {
    lossy: boolean
    unconfirmed?: string
    frame_sha256?: string[]
    statistics?: { min: number; max: number; mean: number }[]
  }
}

interface Decoded {
  sha256?: string
  mean?: number
  /** Code of the fault, or text of a failure. */
  fault?: string
}

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
async function decodeInBrowser(task: Omit<DecodeTask, 'bytes'>, bytes: Uint8Array): Promise<Decoded> {
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

async function decodeHere({ task, worker }: { task: Omit<DecodeTask, 'bytes'>; worker: string }): Promise<Decoded> {
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

function frameNumbers(count: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1)
  return count <= framesPerFile ? all : [...all.slice(0, framesPerFile - 1), count]
}

/** What is wrong with the decoding of one file, or undefined. */
async function checkFile(expected: Expected, file: OpenFile): Promise<string | undefined> {
  const { pixels } = expected
  const hashes = pixels?.unconfirmed === undefined ? pixels?.frame_sha256 : undefined
  let format
  try {
    format = readPixelFormat(file.dataset)
  } catch (error) {
    if (!(error instanceof PixelFault)) throw error
    return hashes ? `${error.message} where there are pixels` : undefined
  }
  for (const frame of frameNumbers(Math.min(file.frameCount, hashes?.length ?? 1))) {
    const { padding } = readFrameAttributes(file.dataset, format, frame)
    const tables = { palette: undefined, modality: undefined }
    const task = { id: frame, syntaxUid: file.frameSyntaxUid, format, tables, padding, maxTexture: 8192 }
    const decoded = await decodeInBrowser(task, await file.frame(frame))
    if (decoded.fault === undefined && !hashes) continue
    if (!hashes) return undefined
    if (decoded.fault !== undefined) return `frame ${frame}: ${decoded.fault}`
    if (decoded.sha256 === hashes[frame - 1]) continue
    const statistics = pixels?.statistics?.[frame - 1]
    const tolerance = statistics ? Math.max(0.5, (statistics.max - statistics.min) / 500) : 0
    const isNear = statistics !== undefined && Math.abs(statistics.mean - (decoded.mean ?? Number.NaN)) <= tolerance
    if (!pixels?.lossy || !isNear) return `frame ${frame}: mean ${decoded.mean}, expected ${statistics?.mean}`
  }
  return undefined
}

/** Files whose expectation no viewer can meet, and why. */
const known: Record<string, string> = {
  'edge_s1/bad_j2k_stub.dcm': 'its codestream is a stub without a picture',
  'edge_s1/bad_rows_0.dcm': 'an image of no rows',
}

test(
  'every shared file is decoded by the built worker to the stored values other programs find',
  { skip, timeout: 540_000 },
  async () => {
    const wrong: string[] = []
    let files = 0
    for (const name of globSync('**/*.json', { cwd: path.join(dataDir, 'expected') }).sort()) {
      const expected = JSON.parse(readFileSync(path.join(dataDir, 'expected', name), 'utf8')) as Expected
      const file = existsSync(path.join(dataDir, expected.file))
        ? openFile(path.join(dataDir, expected.file))
        : undefined
      if (!file) continue
      files += 1
      const fault = await checkFile(expected, file)
      if (fault !== undefined && known[expected.file] === undefined) wrong.push(`${expected.file}: ${fault}`)
    }
    assert.deepEqual(wrong, [])
    assert.ok(files > 300, `only ${files} files were looked at`)
    assert.deepEqual(screen.complaints, [])
  },
)
