import type { ReleaseInputs } from '../deployment.ts'
import { platform } from '../platform.ts'
import type { Preset } from '../presets.ts'
import { release } from '../release.ts'
import { readSettings } from '../settings.ts'
import { type Graph, type Lookup, record } from './record.ts'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
export const sampleImages = {
  backendImage: `registry.gitlab.com/example/instandt/backend@${digest('a')}`,
  frontendImage: `registry.gitlab.com/example/instandt/frontend@${digest('b')}`,
}

/** Keys that have no default, with values of an invented customer. */
export const sampleSettings: Record<string, string> = {
  subscriptionId: '11111111-1111-4111-8111-111111111111',
  tenantId: '22222222-2222-4222-8222-222222222222',
  location: 'westeurope',
  owner: 'ndt-team@example.com',
  costCenter: '4711',
  publicHost: 'ndt.example.com',
  dnsZoneName: 'example.com',
  registryUser: 'gitlab+deploy-token-1',
  registryToken: 'glpat-not-a-real-token',
  registryTokenExpires: '2027-06-30',
  alertEmail: 'ndt-operations@example.com',
  backendImage: sampleImages.backendImage,
}

const environments: Record<Preset, string> = { production: 'prod', 'non-production': 'test', minimal: 'try' }

/** Both stacks of a preset as recorded, with keys given on top of it. */
export async function recordPreset(
  preset: Preset,
  given: Record<string, string | undefined> = {},
  environment: string = environments[preset],
): Promise<Graph & { lookups: Lookup[] }> {
  const settings = readSettings(environment, { ...sampleSettings, preset, ...given })
  const slow = await record('platform', environment, () => platform(settings, '1.0.0'))
  const { release: inputs } = slow.outputs['deployment'] as { release: ReleaseInputs }
  const fast = await record('release', environment, () =>
    release(inputs, { ...sampleImages, version: '1.0.0', attempt: '' }),
  )
  return {
    nodes: [...slow.nodes, ...fast.nodes],
    lookups: [...slow.lookups, ...fast.lookups],
    outputs: { ...slow.outputs, ...fast.outputs },
  }
}
