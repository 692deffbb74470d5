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
  z.object({ event: z.literal('failed'), message: z.string() }),
])

export interface InfraResult {
  changes: Record<string, number>
  outputs: Record<string, unknown>
}

export interface InfraCall {
  stackKind: 'platform' | 'release'
  action: 'preview' | 'up' | 'outputs'
  stack: string
  /** Keys of the stack's configuration that are set before. */
  config?: Record<string, string>
}

/**
 * Lets infra's own program drive Pulumi: its packages are large and stay out of this one.
 * @throws OpsError with the engine's message
 */
export async function runInfra(config: Config, call: InfraCall, say: (line: string) => void): Promise<InfraResult> {
  const root = path.resolve(import.meta.dirname, '../../..')
  const own = [process.execPath, path.join(root, 'infra/src/automation.ts')]
  const [program = '', ...before] = config.INSTANDT_INFRA_COMMAND?.split(' ') ?? own
  const settings = Object.entries(call.config ?? {}).flatMap(([key, value]) => ['--config', `${key}=${value}`])
  const args = [...before, call.stackKind, call.action, '--stack', call.stack, ...settings]
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let result: InfraResult | undefined
  const faults: string[] = []
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(new OpsError(`'${program}' could not be started: ${cause.message}`)))
    child.on('close', (code) => resolve(code ?? 1))
  })
  const reading = (async () => {
    for await (const text of createInterface({ input: child.stdout })) {
      const parsed = text.startsWith('{') ? lineSchema.safeParse(JSON.parse(text)) : undefined
      if (parsed?.success !== true) continue
      const line = parsed.data
      if (line.event === 'done') result = line
      else if (line.event === 'failed') faults.push(line.message)
      else if (line.event === 'resource' && line.op !== 'same')
        say(`${line.isDone ? '✓' : '…'} ${line.op} ${line.type} ${line.name}`)
      else if (line.event === 'diagnostic') {
        say(`${line.severity}: ${line.message}`)
        if (line.severity === 'error') faults.push(line.message)
      }
    }
  })()
  const [code] = await Promise.all([ended, reading])
  if (code === 0 && result) return result
  throw new OpsError(`${call.stackKind} ${call.action} failed: ${faults.join('; ') || `ended with code ${code}`}`)
}
