// `npm run -s infra:graph -- --preset production --json [--set key=value]…`: what a preset would make, without an engine.
import { parseArgs } from 'node:util'
import { presets, type Preset } from '../presets.ts'
import { SettingsError } from '../settings.ts'
import { recordPreset } from './presets.ts'

const usage = `usage: npm run -s infra:graph -- [--preset ${presets.join('|')}] [--set KEY=VALUE]… [--json]
  --json   all of it: type, name, inputs and dependencies of each resource; without it one line each
  --set    a key of infra/platform/Pulumi.yaml, as often as needed; without a value it is not set
`

class UsageError extends Error {}

const isPreset = (text: string): text is Preset => presets.some((one) => one === text)

function readArguments() {
  let values
  try {
    values = parseArgs({
      options: {
        preset: { type: 'string', default: 'production' },
        json: { type: 'boolean', default: false },
        set: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
  const { preset } = values
  if (!isPreset(preset)) throw new UsageError(`there is no preset '${preset}'; choose ${presets.join(', ')}`)
  const given = values.set.map((pair): [string, string | undefined] => {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--set takes KEY=VALUE, not '${pair}'`)
    return [pair.slice(0, at), pair.slice(at + 1) || undefined]
  })
  return { ...values, preset, given: Object.fromEntries(given) }
}

async function main(): Promise<void> {
  const { preset, json, help, given } = readArguments()
  if (help) {
    process.stdout.write(usage)
    return
  }
  process.stderr.write(`recording ${preset} …\n`)
  const graph = await recordPreset(preset, given)
  process.stderr.write(`${graph.nodes.length} resources\n`)
  if (json) process.stdout.write(`${JSON.stringify(graph, undefined, 2)}\n`)
  else
    for (const node of graph.nodes)
      process.stdout.write(`${node.stack.padEnd(9)} ${node.type.padEnd(52)} ${node.name}\n`)
}

await main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError
  const text = isUsage || error instanceof SettingsError ? error.message : String(error)
  process.stderr.write(`${text}\n${isUsage ? usage : ''}`)
  process.exitCode = isUsage ? 2 : 1
})
