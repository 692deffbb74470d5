import * as pulumi from '@pulumi/pulumi'
import { readSettings, type Settings } from './settings.ts'
import { settingsKeys } from './settings-keys.ts'

export const platformProject = 'instandt-platform'
export const releaseProject = 'instandt-release'

const groups = new Set(Object.keys(settingsKeys).flatMap((key) => (key.includes('.') ? [key.split('.')[0]] : [])))

/**
 * A project's keys and texts. To the engine a dot in a declared key is a path: `pulumi config set --path edge.link …`
 * makes a map, and only without `--path` the key keeps its dot. Both are understood.
 * @throws Error when a key is set in both ways
 */
export function configOf(project: string, all: Record<string, string>): Record<string, string> {
  const prefix = `${project}:`
  const found: Record<string, string> = {}
  const add = (name: string, value: string): void => {
    // Pulumi.yaml declares every key as empty, so that all faults are told by us, at once and with what to do.
    if (value === '') return
    if (found[name] !== undefined && found[name] !== value)
      throw new Error(`${name} is set twice, with --path and without; remove one: pulumi config rm ${name}`)
    found[name] = value
  }
  for (const [key, text] of Object.entries(all)) {
    if (!key.startsWith(prefix)) continue
    const name = key.slice(prefix.length)
    if (!groups.has(name) || !text.startsWith('{')) add(name, text)
    else
      for (const [inner, value] of Object.entries(JSON.parse(text) as Record<string, unknown>))
        add(`${name}.${inner}`, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return found
}

/** The part of Pulumi's runtime that its types leave out. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean }

/** The platform's configuration as Pulumi hands it over: the only place that asks for it. */
export function readPlatformConfig(): Settings {
  const given = configOf(platformProject, pulumi.runtime.allConfig())
  return readSettings(pulumi.getStack(), given, (key) => !isConfigSecret(`${platformProject}:${key}`))
}
