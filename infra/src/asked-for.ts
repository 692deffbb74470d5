import { createNames } from './names.ts'
import { configOf, platformProject } from './read-config.ts'
import { readSettings, type Settings } from './settings.ts'

/**
 * Settings as they stand in the file, read without the engine; a sealed value stays sealed, as only its being there matters.
 * @throws SettingsError
 */
export function settingsOf(environment: string, config: Record<string, unknown>): Settings {
  const sealed = (key: string): boolean => isSealed(config[`${platformProject}:${key}`])
  const texts = Object.entries(config).map(([key, value]) => [key, textOf(value)] as const)
  return readSettings(environment, configOf(platformProject, Object.fromEntries(texts)), (key) => !sealed(key))
}

const isSealed = (value: unknown): boolean => typeof value === 'object' && value !== null && 'secure' in value

function textOf(value: unknown): string {
  if (isSealed(value)) return '«sealed until it is deployed»'
  // YAML makes a date of what looks like one.
  if (value instanceof Date) return value.toISOString().slice(0, 10)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a deployment with these settings will ask the subscription for, so that it can be looked at before. */
export function askedFor(settings: Settings) {
  const { vault, storage, database } = createNames(settings)
  const { subscriptionId, location, databaseSku, databaseHighAvailability } = settings
  return {
    subscriptionId,
    location,
    databaseSku,
    databaseHighAvailability,
    hasLocks: settings.locks,
    isEnvironmentNew: settings['edge.existingEnvironmentId'] === undefined,
    names: { vault, storage, database },
  }
}
