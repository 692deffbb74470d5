// Runs a container image the way the platform does, on a machine without an engine: its own mount and process namespace,
// a read-only root, /tmp in memory, the image's user, and the program as process 1.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const tool = (name: string, ...args: string[]): string =>
  execFileSync(name, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** Why containers cannot be built and run here, or nothing. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'containers are built and run as root only'
  for (const name of ['buildah', 'debootstrap', 'unshare']) {
    try {
      tool('which', name)
    } catch {
      return `${name} is not installed (Debian: apt-get install buildah debootstrap)`
    }
  }
  return undefined
}

export interface ImageFacts {
  user: string
  command: string[]
  health: string[]
  labels: Record<string, string>
  /** Environment of the image, as NAME=value. */
  env: string[]
}

interface Inspected {
  Docker: {
    config: {
      User: string
      Cmd: string[]
      Env: string[]
      Labels: Record<string, string>
      Healthcheck?: { Test: string[] }
    }
  }
}

/** What the image says of itself. */
export function readImage(image: string): ImageFacts {
  const { config } = (JSON.parse(tool('buildah', 'inspect', '--type', 'image', image)) as Inspected).Docker
  return {
    user: config.User,
    command: config.Cmd,
    health: (config.Healthcheck?.Test ?? []).slice(1),
    labels: config.Labels,
    env: config.Env,
  }
}

export interface MountedImage {
  root: string
  unmount(): void
}

/** The image's files below a folder. */
export function mountImage(image: string): MountedImage {
  const container = tool('buildah', 'from', '--pull-never', image)
  return {
    root: tool('buildah', 'mount', container),
    unmount: () => void tool('buildah', 'rm', container),
  }
}

const script = `set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -o remount,ro,bind "$ROOT"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$ROOT/tmp"
mount -t proc proc "$ROOT/proc"
for name in null zero random urandom; do mount --bind "/dev/$name" "$ROOT/dev/$name"; done
cp /etc/hosts /etc/resolv.conf "$ROOT/tmp/" 2>/dev/null || true
exec env -i $VARIABLES "$(command -v chroot)" --userspec="$WHO" --groups= "$ROOT" sh -c 'cd /app && exec "$@"' container "$@"`

export interface RunningContainer {
  /** Everything it wrote. */
  output: () => string
  /** As the platform ends a replica: SIGTERM to process 1; the exit code, or undefined after `withinMs`. */
  stop(withinMs?: number): Promise<number | undefined>
  ended: Promise<number>
}

/** Starts a program in a mounted image. `env` holds no blanks in its values. */
export function runContainer(
  root: string,
  facts: ImageFacts,
  command: string[],
  env: Record<string, string>,
): RunningContainer {
  const variables = [...facts.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].join(' ')
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', ...command], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ROOT: root, WHO: facts.user, VARIABLES: variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 128)))
  return {
    output: () => words,
    ended,
    async stop(withinMs = 30_000) {
      const first = firstProcess(child)
      if (first !== undefined) process.kill(first, 'SIGTERM')
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), withinMs).unref())
      const code = await Promise.race([ended, late])
      if (code === undefined) child.kill('SIGKILL')
      return code
    },
  }
}

/** The namespace's process 1, as this machine numbers it. */
function firstProcess({ pid }: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? undefined : Number(children.split(' ')[0])
}
