// `node src/automation.ts <platform|release> <preview|up|outputs|settings> --stack prod [--config key=value]…`
// Drives the engine by the Automation API and writes one JSON line per event; the last says `done` or `failed`.
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  ConcurrentUpdateError,
  type EngineEvent,
  LocalWorkspace,
  type PreviewResult,
  type Stack,
  StackNotFoundError,
  type StackSettings,
} from '@pulumi/pulumi/automation/index.js'
import { askedFor, settingsOf } from './asked-for.ts'

const folders = { platform: 'platform', release: 'release' } as const
type Folder = keyof typeof folders
const actions = ['preview', 'up', 'outputs', 'settings'] as const
type Line =
  | { event: 'resource'; op: string; type: string; name: string; isDone: boolean }
  | { event: 'diagnostic'; severity: string; message: string }
  | { event: 'done'; changes: Record<string, number>; outputs: Record<string, unknown> }
  | { event: 'failed'; message: string; isLocked?: boolean }

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

const workDirOf = (folder: Folder): string => path.resolve(import.meta.dirname, '..', folders[folder])

/** What stands in `Pulumi.<stack>.yaml`; nothing where there is no such file. */
async function readFileOf(folder: Folder, stackName: string): Promise<StackSettings> {
  const workDir = workDirOf(folder)
  if (!existsSync(path.join(workDir, `Pulumi.${stackName}.yaml`))) return {}
  return (await LocalWorkspace.create({ workDir })).stackSettings(stackName)
}

/** A platform is set up by hand, with its settings; only its release may begin here, sealed by the same key. */
async function openStack(folder: Folder, stackName: string): Promise<Stack> {
  const args = { stackName, workDir: workDirOf(folder) }
  if (folder === 'platform') return LocalWorkspace.selectStack(args)
  const { secretsProvider } = await readFileOf('platform', stackName)
  return LocalWorkspace.createOrSelectStack(args, secretsProvider === undefined ? {} : { secretsProvider })
}

const options = { onEvent: report, color: 'never' as const }

const tellPreview = ({ changeSummary }: PreviewResult): void =>
  say({ event: 'done', changes: { ...changeSummary }, outputs: {} })

/** With a copy of the settings, so that nothing is left of it: no key in a file, no stack begun. */
async function preview(folder: Folder, stackName: string, pairs: [string, string][]): Promise<void> {
  const stack = await LocalWorkspace.selectStack({ stackName, workDir: workDirOf(folder) }).catch((error: unknown) => {
    if (folder === 'release' && error instanceof StackNotFoundError) return undefined
    throw error
  })
  if (!stack) return say({ event: 'done', changes: {}, outputs: { isNew: true } })
  if (pairs.length === 0) return tellPreview(await stack.preview(options))
  const { secretsProvider, encryptedKey, encryptionSalt, config } = await readFileOf(folder, stackName)
  const scratch = await mkdtemp(path.join(tmpdir(), 'instandt-preview-'))
  try {
    const configFile = path.join(scratch, `Pulumi.${stackName}.yaml`)
    // JSON is YAML.
    const copy = {
      ...(secretsProvider === undefined ? {} : { secretsprovider: secretsProvider }),
      ...(encryptedKey === undefined ? {} : { encryptedkey: encryptedKey }),
      ...(encryptionSalt === undefined ? {} : { encryptionsalt: encryptionSalt }),
      config: { ...config, ...Object.fromEntries(pairs) },
    }
    await writeFile(configFile, JSON.stringify(copy), { mode: 0o600 })
    tellPreview(await stack.preview({ ...options, configFile }))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: 'string' }, config: { type: 'string', multiple: true, default: [] } },
  })
  const [folder = '', action = ''] = positionals
  const isFolder = (name: string): name is Folder => name in folders
  const known = actions.find((one) => one === action)
  const { stack: stackName } = values
  if (!isFolder(folder) || known === undefined || stackName === undefined)
    throw new Error(`usage: automation.ts <platform|release> <${actions.join('|')}> --stack NAME [--config key=value]…`)
  const pairs = values.config.map((pair): [string, string] => {
    const [key = '', ...rest] = pair.split('=')
    return [`instandt-${folder}:${key}`, rest.join('=')]
  })
  if (known === 'settings')
    return say({
      event: 'done',
      changes: {},
      outputs: askedFor(settingsOf(stackName, (await readFileOf('platform', stackName)).config ?? {})),
    })
  if (known === 'preview') return preview(folder, stackName, pairs)
  const stack = await openStack(folder, stackName)
  for (const [key, value] of pairs) await stack.setConfig(key, { value })
  if (known === 'outputs') return say({ event: 'done', changes: {}, outputs: await outputsOf(stack) })
  const { summary } = await stack.up(options)
  say({ event: 'done', changes: { ...summary.resourceChanges }, outputs: await outputsOf(stack) })
}

// The engine gets the same signal, ends what it has begun and gives its lock back; then we tell how it ended.
process.on('SIGINT', () => undefined)

await main().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error)
  const isLocked = error instanceof ConcurrentUpdateError
  const hint = isLocked
    ? 'another run works on this stack: wait for its end. Only if there is none, after one was killed: pulumi cancel (docs/deploy-azure.md): '
    : /ENOENT|not found/.test(message) && /pulumi/.test(message)
      ? 'install the Pulumi CLI (docs/deploy-azure.md): '
      : ''
  say({ event: 'failed', message: `${hint}${message}`, ...(isLocked ? { isLocked } : {}) })
  process.exitCode = 1
})
