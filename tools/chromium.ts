import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { bring, debianPrograms, whyMissing } from './debian.ts'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

export type Browser = { executable: string } | { missing: string }

/** Files of tests and proofs that open pages. */
export const needsBrowser = (files: readonly string[]): boolean =>
  files.some((file) => file.endsWith('.e2e.ts') || file.includes('prove/viewer-speed.'))

/** What such a one is told: where the browser is, or why there is none. */
export function browserEnv(): Record<string, string> {
  const browser = ensureChromium()
  return 'executable' in browser ? { INSTANDT_CHROMIUM: browser.executable } : { INSTANDT_NO_BROWSER: browser.missing }
}

/** Finds Chromium; brings it when there is none: the Debian package as root, otherwise playwright's own installer. */
export function ensureChromium(): Browser {
  const found = findChromium()
  if (found) return { executable: found }
  bring(debianPrograms.chromium)
  const why = whyMissing(debianPrograms.chromium)
  if (why === undefined) return { executable: '/usr/bin/chromium' }
  process.stderr.write("Chromium is missing; asking playwright's installer …\n")
  const cli = path.join(path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js')
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: ['ignore', 2, 2] })
  const installed = findChromium()
  return installed ? { executable: installed } : { missing: `${why}, nor did 'playwright install chromium' bring it` }
}

function findChromium(): string | undefined {
  const named = process.env['INSTANDT_CHROMIUM']
  if (named) return existsSync(named) ? named : undefined
  const usual = usualPlaces.find((place) => existsSync(place))
  if (usual) return usual
  const probe = spawnSync(
    process.execPath,
    ['-e', "import('playwright-core').then((p) => process.stdout.write(p.chromium.executablePath()))"],
    { encoding: 'utf8' },
  )
  const own = probe.stdout.trim()
  return own && existsSync(own) ? own : undefined
}
