import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Config } from './config.ts'
import { OpsError } from './ops-error.ts'

const lineSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('resource'), op: z.string(), type: z.string(), name: z.string(), isDone: z.boolean() }),
  z.object({ event: z.literal('diagnostic'), severity: z.string(), message: z.string() }),
  z.object({
    event: z.literal('done'),
    changes: z.record(z.string(), z.number()),
    outputs: z.record(z.string(), z.unknown()),
  }),
  z.object({ event: z.literal('failed'), message: z.string(), isLocked: z.boolean().optional() }),
])

export interface InfraResult {
  changes: Record<string, number>
  outputs: Record<string, unknown>
}

export interface InfraCall {
  stackKind: 'platform' | 'release'
  /** `settings`: what the stack's configuration asks for, without an engine. */
  action: 'preview' | 'up' | 'outputs' | 'settings'
  stack: string
  /** Keys of the stack's configuration: kept by `up`, forgotten after a `preview`. */
  config?: Record<string, string>
}

/**
 * Lets infra's own program drive Pulumi: its packages are large and stay out of this one, and are installed when they are
 * missing. A signal that ends us is passed on, so that the engine ends what it has begun and leaves no lock.
 * @throws OpsError with the engine's message; exit code 3 when another run works on the stack
 */
export async function runInfra(config: Config, call: InfraCall, say: (line: string) => void): Promise<InfraResult> {
  const root = path.resolve(import.meta.dirname, '../../..')
  const own = [process.execPath, path.join(root, 'tools/launch.mjs'), 'infra']
  const [program = '', ...before] = config.INSTANDT_INFRA_COMMAND?.split(' ') ?? own
  const settings = Object.entries(call.config ?? {}).flatMap(([key, value]) => ['--config', `${key}=${value}`])
  const args = [...before, call.stackKind, call.action, '--stack', call.stack, ...settings]
  // A group of its own: Ctrl-C would reach the engine twice, and twice means at once.
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const interrupt = (): void => {
    say('ending the engine in order …')
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, interrupt)
  let result: InfraResult | undefined
  let isLocked = false
  const faults: string[] = []
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(new OpsError(`'${program}' could not be started: ${cause.message}`)))
    child.on('close', (code) => resolve(code ?? 1))
  })
  const reading = (async () => {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = parseLine(text)
      if (line?.event === 'done') result = line
      else if (line?.event === 'failed') {
        faults.push(line.message)
        isLocked = line.isLocked === true
      } else if (line?.event === 'resource' && line.op !== 'same')
        say(`${line.isDone ? '✓' : '…'} ${line.op} ${line.type} ${line.name}`)
      else if (line?.event === 'diagnostic') {
        say(`${line.severity}: ${line.message}`)
        if (line.severity === 'error') faults.push(line.message)
      }
    }
  })()
  try {
    const [code] = await Promise.all([ended, reading])
    if (code === 0 && result) return result
    const what = faults.join('; ') || `ended with code ${code}`
    throw new OpsError(`${call.stackKind} ${call.action} failed: ${what}`, isLocked ? 3 : 1)
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
  }
}

/** Undefined for what is no line of ours: packages may print what they like. */
function parseLine(text: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
