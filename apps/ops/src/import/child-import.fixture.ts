// For tests: the command as a process of its own, to be killed, interrupted and watched.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { testToken } from '@instandt/testkit'

export interface ChildImport {
  kill(signal: NodeJS.Signals): void
  /** Exit code, or the signal that ended it. */
  done: Promise<number | NodeJS.Signals>
  out: () => string
  err: () => string
  /** Peak resident memory in MiB (VmHWM); of an ended one as it was last seen. */
  peakMemory: () => number
}

export function startChildImport(args: readonly string[], env: Record<string, string> = {}): ChildImport {
  const cli = path.resolve(import.meta.dirname, '../../../standalone/src/cli.ts')
  const child = spawn(process.execPath, [cli, 'import', '--json', ...args], {
    env: { PATH: process.env['PATH'] ?? '', INSTANDT_TOKEN: testToken, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err, peak] = ['', '', 0]
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const look = (): void => {
    try {
      peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024 || peak
    } catch {
      // It has ended.
    }
  }
  const timer = setInterval(look, 100)
  return {
    kill: (signal) => void child.kill(signal),
    done: once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
      clearInterval(timer)
      return (code ?? signal) as number | NodeJS.Signals
    }),
    out: () => out,
    err: () => err,
    peakMemory: () => peak,
  }
}
