import * as pulumi from '@pulumi/pulumi'
import { readSettings, type Settings } from './settings.ts'
import { settingsKeys } from './settings-keys.ts'

export const platformProject = 'instandt-platform'
export const releaseProject = 'instandt-release'

/** The platform's configuration as Pulumi hands it over: the only place that asks for it. */
export function readPlatformConfig(): Settings {
  const prefix = `${platformProject}:`
  const config = new pulumi.Config(platformProject)
  // Keys that nobody knows are faults too, so all that are there are read.
  const there = Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
  const names = new Set([...Object.keys(settingsKeys), ...there])
  // Pulumi.yaml declares every key; those a preset fills in are declared as empty.
  const given = [...names].map((name) => [name, config.get(name) || undefined] as const)
  return readSettings(pulumi.getStack(), Object.fromEntries(given))
}
