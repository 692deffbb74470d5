#!/usr/bin/env node
// The one entry behind every npm script. Plain JavaScript without dependencies: it runs before anything is installed,
// on any Node from 20 up, and hands over to Node 24 once packages are in place.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const neededMajor = 24

const programs = {
  start: { script: 'apps/standalone/src/main.ts', needsFrontend: true, isServer: true },
  dev: { script: 'apps/standalone/src/dev.ts' },
  instandt: { script: 'apps/standalone/src/cli.ts' },
  test: { script: 'tools/test.ts', needsFrontend: true, needsInfra: true },
  check: { script: 'tools/check.ts', needsFrontend: true, needsInfra: true },
  prove: { script: 'tools/prove.ts', needsFrontend: true },
  bench: { script: 'bench/main.ts' },
  'db-dump': { script: 'tools/db-dump.ts' },
  format: { script: 'tools/format.ts' },
  packages: { script: 'tools/packages.ts' },
  infra: { script: 'infra/src/automation.ts', needsInfra: true },
  'infra-graph': { script: 'infra/src/graph/print.ts', needsInfra: true },
  'infra-picture': { script: 'infra/src/graph/picture.ts', needsInfra: true },
  build: { needsFrontend: true },
}

/** Runs a command to its end; its output goes to standard error so that a program's own output stays clean. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  if (result.error) fail(`${command} could not be started: ${result.error.message}`)
  if (result.status !== 0)
    fail(`${[command, ...args].join(' ')} ended with ${result.signal ?? `code ${result.status}`}`)
}

function fail(message) {
  process.stderr.write(`instaNDT: ${message}\n`)
  process.exit(1)
}

function say(message) {
  process.stderr.write(`instaNDT: ${message}\n`)
}

/** npm as started by `npm start`; without that the one on the path. The given Node runs it. */
function runNpm(node, args, cwd) {
  const npmCli = process.env.npm_execpath
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` }
  // An outer `npm start` hands its own settings down; they must not steer an installation in another folder.
  for (const name of Object.keys(env))
    if (/^npm_(config_local_prefix|config_prefix|package_|lifecycle_)/i.test(name)) delete env[name]
  if (npmCli && /\.c?js$/.test(npmCli)) run(node, [npmCli, ...args], { cwd, env })
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { cwd, env, shell: process.platform === 'win32' })
}

function nodeBinary(folder) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  return path.join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

function ensureNode() {
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath
  const folder = path.join(root, 'tools', 'node24')
  const binary = nodeBinary(folder)
  if (!existsSync(binary)) {
    say(`this machine runs Node ${process.versions.node}; fetching Node ${neededMajor} into tools/node24 …`)
    runNpm(process.execPath, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  }
  if (!existsSync(binary)) {
    fail(
      `there is no Node ${neededMajor} package for ${process.platform}-${process.arch}; please install Node ${neededMajor} or newer`,
    )
  }
  return binary
}

/** A hash over files and folders, for "has anything changed since". */
function fingerprint(entries) {
  const hash = createHash('sha256')
  const visit = (entry) => {
    if (!existsSync(entry)) return
    const stat = statSync(entry)
    if (stat.isDirectory()) {
      for (const name of readdirSync(entry).sort())
        if (name !== 'node_modules' && name !== 'dist') visit(path.join(entry, name))
    } else {
      hash.update(path.relative(root, entry)).update('\0').update(readFileSync(entry)).update('\0')
    }
  }
  for (const entry of entries) visit(path.join(root, entry))
  return hash.digest('hex')
}

function isStamped(file, value) {
  return existsSync(file) && readFileSync(file, 'utf8') === value
}

/** Packages of the folder; infra/ has its own, which nobody needs who only runs instaNDT. */
function ensurePackages(node, folder = '') {
  const stamp = path.join(root, folder, 'node_modules', '.instandt-stamp')
  const wanted = fingerprint([path.join(folder, 'package-lock.json')])
  if (isStamped(stamp, wanted)) return
  say(folder === '' ? 'installing packages …' : `installing packages of ${folder} …`)
  runNpm(node, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], path.join(root, folder))
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
}

function ensureFrontend(node) {
  const dist = path.join(root, 'apps', 'frontend', 'dist')
  const stamp = path.join(dist, '.stamp')
  const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'package.json'].map(
    (name) => `apps/frontend/${name}`,
  )
  const wanted = fingerprint([
    ...sources,
    'packages/api/src',
    'packages/dicom/src',
    'packages/pixels/src',
    'package-lock.json',
  ])
  if (isStamped(stamp, wanted)) return
  say('building the web app …')
  rmSync(stamp, { force: true })
  run(node, [path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], {
    cwd: path.join(root, 'apps', 'frontend'),
  })
  writeFileSync(stamp, wanted)
}

/** Servers start with the options that their images set, too; somebody's own ones come later and win. */
function serverOptions() {
  const { config } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  return { NODE_OPTIONS: `${config.serverNodeOptions} ${process.env.NODE_OPTIONS ?? ''}`.trim() }
}

function handOver(node, { script, isServer }, args) {
  const child = spawn(node, [path.join(root, script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(isServer ? serverOptions() : {}),
      PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
    },
  })
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone is passed on.
  process.on('SIGINT', () => undefined)
  for (const signal of ['SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))
  child.on('error', (error) => fail(`${script} could not be started: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
}

const [name = 'start', ...args] = process.argv.slice(2)
const program = programs[name]
if (!program) fail(`unknown program '${name}'; there are ${Object.keys(programs).join(', ')}`)
const node = ensureNode()
ensurePackages(node)
if (program.needsInfra) ensurePackages(node, 'infra')
if (program.needsFrontend) ensureFrontend(node)
if (program.script) handOver(node, program, args)
