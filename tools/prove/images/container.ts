// Runs a container image the way the platform does, on a machine without an engine: its own mount and process namespace,
// a read-only root, /tmp in memory, the image's user, and the program as process 1.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { debianPrograms, whyMissing } from '../../debian.ts'
import type { Image } from './buildah.ts'

/** Why containers cannot be built and run here, or nothing. */
export function whyNoContainers(): string | undefined {
  const missing = whyMissing(debianPrograms.containers)
  if (missing !== undefined) return missing
  if (process.getuid?.() !== 0) return 'containers are built and run as root only'
  return spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0
    ? undefined
    : 'this machine lets nobody make namespaces, as inside an unprivileged container'
}

const script = `set -e
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o nosuid,noexec,mode=755 tmpfs "$root/dev"
for name in null zero random urandom; do touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
exec "$@"`

export interface RunningContainer {
  /** Everything it wrote. */
  output: () => string
  /** Another program in it, as a health command is run: its exit code. */
  exec(command: string[]): Promise<number>
  /** As the platform ends a replica: SIGTERM to process 1; the exit code, or undefined after `withinMs`. */
  stop(withinMs?: number): Promise<number | undefined>
  ended: Promise<number>
}

const codeOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => child.on('close', (code) => resolve(code ?? 128)))

/** Starts a program in a mounted image; it ends with this process at the latest. */
export function runContainer(image: Image, command: string[], env: Record<string, string>): RunningContainer {
  const variables = [...image.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  const [user = '', group = ''] = image.user.split(':')
  const who = [`--setuid=${user}`, `--setgid=${group}`]
  const inside = ['env', '-i', ...variables, '/usr/bin/unshare', `--root=${image.root}`, '--wd=/app', ...who, '--']
  const own = ['--mount', '--pid', '--fork', '--kill-child', '--']
  const child = spawn(
    'setpriv',
    ['--pdeathsig=KILL', 'unshare', ...own, 'sh', '-c', script, 'sh', image.root, ...inside, ...command],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let words = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const ended = codeOf(child)
  return {
    output: () => words,
    ended,
    exec: (program) => {
      const target = [`--target=${firstProcess(child)}`, '--mount', '--pid', '--root', '--wd']
      return codeOf(
        spawn('env', ['-i', ...variables, '/usr/bin/nsenter', ...target, ...who, '--', ...program], {
          stdio: 'ignore',
        }),
      )
    },
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
function firstProcess({ pid, exitCode }: ChildProcess): number | undefined {
  if (exitCode !== null) return undefined
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? undefined : Number(children.split(' ')[0])
}
