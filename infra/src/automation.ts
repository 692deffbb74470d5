// `node src/automation.ts <platform|release> <preview|up|outputs> --stack prod [--config key=value]…`
// Drives the engine by the Automation API and writes one JSON line per event; the last says `done` or `failed`.
import { parseArgs } from 'node:util'
import path from 'node:path'
import { type EngineEvent, LocalWorkspace, type Stack } from '@pulumi/pulumi/automation/index.js'

const folders = { platform: 'platform', release: 'release' } as const
const actions = ['preview', 'up', 'outputs'] as const
type Line =
  | { event: 'resource'; op: string; type: string; name: string; isDone: boolean }
  | { event: 'diagnostic'; severity: string; message: string }
  | { event: 'done'; changes: Record<string, number>; outputs: Record<string, unknown> }
  | { event: 'failed'; message: string }

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

function report(event: EngineEvent): void {
  const { resourcePreEvent, resOutputsEvent, diagnosticEvent } = event
  const metadata = resourcePreEvent?.metadata ?? resOutputsEvent?.metadata
  if (metadata && !metadata.type.startsWith('pulumi:')) {
    const name = metadata.urn.split('::').at(-1) ?? metadata.urn
    say({ event: 'resource', op: metadata.op, type: metadata.type, name, isDone: resOutputsEvent !== undefined })
  }
  if (diagnosticEvent && ['warning', 'error'].includes(diagnosticEvent.severity))
    say({ event: 'diagnostic', severity: diagnosticEvent.severity, message: plain(diagnosticEvent.message) })
}

/** Without the engine's colour marks. */
const plain = (text: string): string => text.replaceAll(/<\{%[^%]*%\}>/g, '').trim()

async function outputsOf(stack: Stack): Promise<Record<string, unknown>> {
  const outputs = await stack.outputs()
  // Secrets stay where they are: whoever deploys has no use for them.
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { value, secret }]) => [name, secret ? '«secret»' : (value as unknown)]),
  )
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: 'string' }, config: { type: 'string', multiple: true, default: [] } },
  })
  const [folder = '', action = ''] = positionals
  const isFolder = (name: string): name is keyof typeof folders => name in folders
  const known = actions.find((one) => one === action)
  if (!isFolder(folder) || known === undefined || values.stack === undefined)
    throw new Error('usage: automation.ts <platform|release> <preview|up|outputs> --stack NAME [--config key=value]…')
  const workDir = path.resolve(import.meta.dirname, '..', folders[folder])
  // A platform is set up by hand, with its settings; only its release may begin here.
  const args = { stackName: values.stack, workDir }
  const stack =
    folder === 'release' ? await LocalWorkspace.createOrSelectStack(args) : await LocalWorkspace.selectStack(args)
  for (const pair of values.config) {
    const [key = '', ...rest] = pair.split('=')
    await stack.setConfig(`instandt-${folder}:${key}`, { value: rest.join('=') })
  }
  const options = { onEvent: report, color: 'never' as const }
  if (known === 'preview') {
    const { changeSummary } = await stack.preview(options)
    say({ event: 'done', changes: { ...changeSummary }, outputs: {} })
  } else if (known === 'up') {
    const { summary } = await stack.up(options)
    say({ event: 'done', changes: { ...summary.resourceChanges }, outputs: await outputsOf(stack) })
  } else {
    say({ event: 'done', changes: {}, outputs: await outputsOf(stack) })
  }
}

await main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  const hint =
    /ENOENT|not found/.test(message) && /pulumi/.test(message) ? 'install the Pulumi CLI (docs/deploy-azure.md): ' : ''
  say({ event: 'failed', message: `${hint}${message}` })
  process.exitCode = 1
})
