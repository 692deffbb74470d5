import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '..')

/** The script behind a package's command, found without a shell. */
export function packageBin(packageName: string, binName = packageName): string {
  const require = createRequire(path.join(root, 'package.json'))
  const manifestPath = path.join(root, 'node_modules', packageName, 'package.json')
  const { bin } = require(manifestPath) as { bin: string | Record<string, string> }
  const relative = typeof bin === 'string' ? bin : bin[binName]
  if (relative === undefined) throw new Error(`${packageName} has no command ${binName}`)
  return path.join(path.dirname(manifestPath), relative)
}

/** Runs one Node script to its end and says whether it succeeded. */
export function runNode(args: string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}
