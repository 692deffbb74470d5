// `npm run -s infra:graph -- --preset production --json [--set key=value]…`: what a preset would make, without an engine.
import { parseArgs } from 'node:util'
import { presets, type Preset } from '../presets.ts'
import { SettingsError } from '../settings.ts'
import { recordPreset } from './presets.ts'

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'production' },
    json: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
  },
})
const isPreset = (text: string): text is Preset => presets.some((one) => one === text)

async function main(): Promise<number> {
  if (!isPreset(values.preset)) {
    process.stderr.write(`there is no preset '${values.preset}'; choose ${presets.join(', ')}\n`)
    return 2
  }
  const given = values.set.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
  process.stderr.write(`recording ${values.preset} …\n`)
  const graph = await recordPreset(values.preset, Object.fromEntries(given))
  process.stderr.write(`${graph.nodes.length} resources\n`)
  if (values.json) process.stdout.write(`${JSON.stringify(graph, undefined, 2)}\n`)
  else
    for (const node of graph.nodes)
      process.stdout.write(`${node.stack.padEnd(9)} ${node.type.padEnd(52)} ${node.name}\n`)
  return 0
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof SettingsError ? error.message : String(error)}\n`)
  return 1
})
