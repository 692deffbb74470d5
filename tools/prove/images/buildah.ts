// Builds the images with buildah, in a store of its own below .cache: nothing of the machine's own images is used or changed.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../../..')
const cache = path.join(root, '.cache/images')
export const parts = ['backend', 'frontend'] as const
export type Part = (typeof parts)[number]

export const run = (name: string, ...args: string[]): string =>
  execFileSync(name, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

const store = (driver: string): string[] => [
  `--root=${path.join(cache, 'store')}`,
  `--runroot=${path.join(cache, 'run')}`,
  `--storage-driver=${driver}`,
]

/** Layers over layers where the kernel has them; inside a container it often has not. */
const driver = (): string => (spawnSync('buildah', [...store('overlay'), 'images']).status === 0 ? 'overlay' : 'vfs')

let chosen: string | undefined
const buildah = (...args: string[]): string => run('buildah', ...store((chosen ??= driver())), ...args)

/** Removes images and containers of an earlier run, but for the base. */
export function clean(): void {
  buildah('rm', '--all')
  for (const part of parts)
    if (buildah('images', '--all', '--noheading', '--filter', `reference=${nameOf(part)}`) !== '')
      buildah('rmi', '--force', nameOf(part))
  buildah('rmi', '--prune', '--force')
}

const nameOf = (part: Part): string => `localhost/instandt/${part}:proof`

/** The base that the Dockerfile names. */
export const pinnedBase = (part: Part): string =>
  /^ARG BASE=(.+)$/m.exec(readFileSync(path.join(root, `images/${part}.Dockerfile`), 'utf8'))?.[1] ?? ''

const release = /-(\w+)-slim@/.exec(pinnedBase('backend'))?.[1] ?? ''
const base = `localhost/instandt/base:${release}-${process.versions.node}`

/**
 * No registry can be reached from everywhere, so a stand-in takes the place of the pinned base: Debian of the same release, and
 * this Node with its npm. It is kept for the next time.
 */
export function ensureBase(): void {
  if (buildah('images', '--noheading', '--filter', `reference=${base}`) !== '') return
  const container = buildah('from', 'scratch')
  const folder = buildah('mount', container)
  run('debootstrap', '--variant=minbase', release, folder)
  cpSync(process.execPath, path.join(folder, 'usr/local/bin/node'))
  const npm = npmFolder()
  cpSync(npm, path.join(folder, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true })
  run('ln', '-sf', '../lib/node_modules/npm/bin/npm-cli.js', path.join(folder, 'usr/local/bin/npm'))
  rmSync(path.join(folder, 'var/cache/apt'), { recursive: true, force: true })
  buildah('commit', '--quiet', '--rm', container, base)
}

/** Where the machine's npm lies. */
function npmFolder(): string {
  const cli = process.env['npm_execpath'] ?? run('readlink', '-f', run('which', 'npm'))
  return path.resolve(path.dirname(cli), '..')
}

/** @returns the digests of its layers: the same for the same sources */
export function build(part: Part): string {
  const mounts: string[] = []
  // A network that looks into TLS has certificates of its own, and what npm fetched a moment ago needs no network.
  const certificates = process.env['NODE_EXTRA_CA_CERTS']
  if (certificates !== undefined)
    mounts.push('--build-arg', 'NODE_EXTRA_CA_CERTS=/certificates.pem', '-v', `${certificates}:/certificates.pem:ro`)
  const fetched = process.env['npm_config_cache'] ?? path.join(homedir(), '.npm')
  if (existsSync(fetched)) mounts.push('-v', `${fetched}:/root/.npm`)
  const words = `build --isolation chroot --format docker --pull-never --layers=false --timestamp 0 --quiet
    --build-arg BASE=${base} --build-arg VERSION=0.0.0-proof --build-arg REVISION=proof
    -f images/${part}.Dockerfile -t ${nameOf(part)}`
  buildah(...words.split(/\s+/), ...mounts, '.')
  return inspect(part).rootfs.diff_ids.join(' ')
}

export interface Image {
  /** Its files, mounted. */
  root: string
  user: string
  command: string[]
  health: string[]
  labels: Record<string, string>
  /** Environment of the image, as NAME=value. */
  env: string[]
}

interface Inspected {
  config: {
    User: string
    Cmd: string[]
    Env: string[]
    Labels: Record<string, string>
    Healthcheck?: { Test: string[] }
  }
  rootfs: { diff_ids: string[] }
}

const inspect = (part: Part): Inspected =>
  (JSON.parse(buildah('inspect', '--type', 'image', nameOf(part))) as { Docker: Inspected }).Docker

/** What the image says of itself, and its files below a folder. */
export function openImage(part: Part): Image {
  const { config } = inspect(part)
  return {
    root: buildah('mount', buildah('from', '--pull-never', nameOf(part))),
    user: config.User,
    command: config.Cmd,
    health: (config.Healthcheck?.Test ?? []).slice(1),
    labels: config.Labels,
    env: config.Env,
  }
}

const mebibytes = (bytes: string): number => Math.round(Number.parseInt(bytes, 10) / 1024 ** 2)

/** MiB on disk. */
export const weigh = (folder: string): number => mebibytes(run('du', '-sb', folder))

/** MiB as a registry keeps it. */
export const weighPacked = (folder: string): number =>
  mebibytes(run('sh', '-c', `tar -C '${folder}' -c . | gzip | wc -c`))
