import { z } from 'zod'
import type { Settings } from './settings.ts'

/** What the platform tells the release stack; the only thing that passes between the two. */
export interface ReleaseInputs {
  settings: PublicSettings
  resourceGroup: string
  environmentId: string
  /** Ids of the identities the two apps run as. */
  identities: { backend: string; frontend: string }
  /** Where the registry's token lies. */
  registry: { server: string; user: string; tokenUrl: string }
  backendEnv: { name: string; value: string }[]
  defaultDomain: string
  actionGroupId: string | null
}

/** Settings without their secrets. */
export type PublicSettings = Omit<Settings, 'registryToken' | 'databasePassword' | 'alertWebhook'>

export function withoutSecrets(settings: Settings): PublicSettings {
  const { registryToken: _token, databasePassword: _password, alertWebhook: _hook, ...rest } = settings
  return rest
}

const image = z
  .string()
  .regex(/^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$/, 'must name its digest: registry/path@sha256:…')

/** Keys of the release stack's configuration. */
export const releaseKeys = {
  backendImage: image.describe('Image of server, worker and jobs, by digest'),
  frontendImage: image.describe('Image of the web app, by digest'),
  version: z
    .string()
    .regex(/^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/, 'is not a version such as 1.4.0')
    .describe('What people call it'),
  attempt: z
    .string()
    .regex(/^[a-z0-9]{0,8}$/, 'is not up to 8 small letters and digits')
    .default('')
    .describe('Set when an image is brought back: the platform takes no revision name twice'),
}

export type ReleaseSettings = z.output<z.ZodObject<typeof releaseKeys>>

/** @throws Error with every fault */
export function readReleaseSettings(given: Record<string, string | undefined>): ReleaseSettings {
  const parsed = z.strictObject(releaseKeys).safeParse(given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `  - ${issue.path.join('.') || 'keys'}: ${issue.message}`)
  throw new Error(`the release has ${faults.length} fault(s):\n${faults.join('\n')}`)
}
