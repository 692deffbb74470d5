// `npm test [-- pattern …]`: every test, browser tests included, on one PostgreSQL cluster and one Azurite.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import path from 'node:path'
import { browserEnv, needsBrowser } from './chromium.ts'
import { bringFor } from './debian.ts'
import { startTestServers } from './servers.ts'

const root = path.resolve(import.meta.dirname, '..')
const patterns = process.argv.slice(2)
const all = globSync(['{packages,apps,tools,bench,infra}/**/*.test.ts', 'e2e/**/*.{test,e2e}.ts'], {
  cwd: root,
  exclude: ['**/node_modules/**', '**/dist/**'],
})
const files = all.filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))).sort()
if (files.length === 0) {
  process.stderr.write(`no test file matches ${patterns.join(' ')}\n`)
  process.exit(1)
}

bringFor(files)
const servers = await startTestServers()
const env: NodeJS.ProcessEnv = { ...process.env, ...servers.env }
if (needsBrowser(files)) Object.assign(env, browserEnv())

const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    '--test-timeout=600000',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./tools/report-skips.mjs',
    '--test-reporter-destination=stdout',
    ...files,
  ],
  { cwd: root, env, stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGTERM'))
const code = await new Promise<number>((resolve) => child.on('exit', (exitCode) => resolve(exitCode ?? 1)))
await servers.stop()
process.exit(code)
